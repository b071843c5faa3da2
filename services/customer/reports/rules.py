"""The periods of work reports: a day, an ISO week, a month, in Shanghai time; until when each is to be handed in."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from shared import clock

KINDS = {"daily": "日报", "weekly": "周报", "monthly": "月报"}
MARKET_KINDS = {"market": "市场情况", "competitor": "竞争对手"}
DAYS_TO_HAND_IN = {"daily": 1, "weekly": 2, "monthly": 3}
FIGURES = {
    "registrations": "新入档客户", "numbers_stored": "存入厅号", "touches": "接触客户", "follow_ups": "完成回访",
    "recommendations": "推荐业务", "accepted": "客户接受", "activations": "开通业务", "tickets": "客户咨询和投诉",
    "sms": "客户收到短信",
}  # fmt: skip
"""What is counted from the record, in the order in which it is shown."""
_WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """One day, week or month: from its first moment until the next one's."""

    kind: str
    name: str
    start: datetime
    end: datetime

    @property
    def due_at(self) -> datetime:
        return self.end + timedelta(days=DAYS_TO_HAND_IN[self.kind])


def period_of(kind: str, name: str) -> Period | None:
    """None when it is no such period."""
    try:
        first, after = _days(kind, name)
    except (ValueError, KeyError):
        return None
    return Period(kind, name, _start(first), _start(after))


def period_on(kind: str, day: date) -> str:
    """The name of the period of that kind which holds the day."""
    if kind == "weekly":
        year, week, _ = day.isocalendar()
        return f"{year:04d}-W{week:02d}"
    return day.isoformat() if kind == "daily" else f"{day:%Y-%m}"


def _days(kind: str, name: str) -> tuple[date, date]:
    if kind == "daily" and len(name) == 10:
        day = date.fromisoformat(name)
        return day, day + timedelta(days=1)
    if kind == "weekly" and (match := _WEEK.fullmatch(name)):
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return monday, monday + timedelta(days=7)
    if kind == "monthly" and len(name) == 7:
        first = date.fromisoformat(f"{name}-01")
        return first, (first + timedelta(days=32)).replace(day=1)
    raise ValueError(name)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(0), clock.SHANGHAI).astimezone(UTC)
