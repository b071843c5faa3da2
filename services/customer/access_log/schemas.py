"""What the log shows, and how a reading is narrowed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from services.customer.access_log import rules
from services.customer.access_log.models import AccessLogEntry
from services.customer.access_log.repository import Filters
from services.customer.access_log.rules import Action
from services.customer.consent.schemas import Moment
from shared.clock import SHANGHAI
from shared.web.navigation import ROLE_NAMES

HEADINGS = ("时间", "操作人", "角色", "操作", "对象", "对象编号", "营业厅", "区县", "原因")
KINDS = {
    "customer": "客户",
    "import": "导入任务",
    "off_net_list": "离网名单",
    "purge": "月度清理",
    "hall": "营业厅",
    "log": "查阅记录",
}


class AccessRead(BaseModel):
    """One line."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    actor: str
    role: str
    action: str
    subject_kind: str
    subject_id: UUID | None
    hall: str
    county: str
    reason: str


def filters(
    customer_id: UUID | None = None,
    actor: Annotated[str | None, Query(max_length=80)] = None,
    hall: Annotated[str | None, Query(max_length=20)] = None,
    action: Action | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
) -> Filters:
    """Dependency: `from` is included, `to` is not."""
    return Filters(customer_id, actor, hall, action, since, until)


def lines_of(entries: Iterable[AccessLogEntry]) -> list[Sequence[Any]]:
    """As a person reads them in a spreadsheet."""
    return [
        (
            entry.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            entry.actor,
            ROLE_NAMES.get(entry.role, entry.role),
            label_of(entry.action),
            KINDS.get(entry.subject_kind, entry.subject_kind),
            str(entry.subject_id or ""),
            entry.hall,
            entry.county,
            entry.reason,
        )
        for entry in entries
    ]


def label_of(action: str) -> str:
    return rules.LABELS[Action(action)] if action in set(Action) else action
