"""What is written down of a look at somebody, and which looks count as one."""

from datetime import datetime
from enum import StrEnum

from shared.security.roles import MACHINE_ROLES


class Action(StrEnum):
    """What somebody did."""

    VIEWED = "customer-viewed"
    REVEALED = "phone-revealed"
    ARCHIVE_EXPORTED = "archive-exported"
    REJECTED_FETCHED = "rejected-rows-fetched"
    PERSON_EXPORTED = "person-exported"
    ERASED = "customer-erased"
    CLEANED = "customers-purged"
    LOG_READ = "log-read"


LABELS = {
    Action.VIEWED: "打开客户资料",
    Action.REVEALED: "查看完整号码",
    Action.ARCHIVE_EXPORTED: "下载档案表",
    Action.REJECTED_FETCHED: "下载退回行",
    Action.PERSON_EXPORTED: "导出个人资料",
    Action.ERASED: "删除个人资料",
    Action.CLEANED: "清理离网客户",
    Action.LOG_READ: "查阅本记录",
}

SERVICES = {"messaging": "短信服务", "complaints": "投诉服务"}
"""Others who hold something of a person and tell us when somebody looked at all of it."""

ONCE_AN_HOUR = frozenset({Action.VIEWED, Action.LOG_READ})
"""Looks that are repeated by reloading a page; everything else is written down every time."""


def is_person(role: str) -> bool:
    """A till reads the record of everybody it serves; whoever sits at it signs what is done, not what is read."""
    return role not in MACHINE_ROLES


def hour_of(action: Action, at: datetime) -> datetime | None:
    """The clock hour in which this action is one line, or None when each one counts."""
    return at.replace(minute=0, second=0, microsecond=0) if action in ONCE_AN_HOUR else None
