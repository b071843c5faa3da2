"""States of a campaign, how its sends are spread over the hours it may use, and the sum that must always hold (M10)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from shared import clock

DRAFT, COUNTED, APPROVED, RUNNING = "draft", "counted", "approved", "running"
PAUSED, CANCELLED, COMPLETED = "paused", "cancelled", "completed"
STATE_NAMES = {
    DRAFT: "草稿",
    COUNTED: "待审批",
    APPROVED: "已审批，等待开始",
    RUNNING: "发送中",
    PAUSED: "已暂停",
    CANCELLED: "已取消",
    COMPLETED: "已完成",
}
STATES = tuple(STATE_NAMES)
MOVES: Mapping[str, frozenset[str]] = {
    "audience": frozenset({DRAFT, COUNTED}),
    "approval": frozenset({COUNTED}),
    "pause": frozenset({APPROVED, RUNNING}),
    "resume": frozenset({PAUSED}),
    "cancel": frozenset({DRAFT, COUNTED, APPROVED, RUNNING, PAUSED}),
}
"""From which states each act is allowed."""
CLASSES = ("service", "holiday", "marketing")
"""Classes a campaign may send: the others answer what a customer did, or happen once by themselves."""

SENT = ("accepted", "delivered")
KEPT_BACK = ("suppressed", "expired", "cancelled")
CANCELLED_REASON, LATE_REASON = "campaign-cancelled", "deadline-passed"

Interval = tuple[int, int]
Row = tuple[str, str | None, int]


def allowed_moves(state: str) -> tuple[str, ...]:
    return tuple(move for move, states in MOVES.items() if state in states)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where everybody of the audience is. `audience = sent + suppressed + failed + pending`, at every moment."""

    audience: int
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    suppressed: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)

    @property
    def kept_back(self) -> int:
        return sum(self.suppressed.values())

    @property
    def waiting(self) -> int:
        return sum(self.pending.values())

    @property
    def reconciles(self) -> bool:
        return self.audience == self.sent + self.kept_back + self.failed + self.waiting


def tally(state: str, head_count: int, taken: int, rows: Iterable[Row]) -> Progress:
    """The sum from the messages as they are, and from those whose turn has not come or never will."""
    counts = {"sent": 0, "delivered": 0, "failed": 0}
    suppressed: dict[str, int] = {}
    pending: dict[str, int] = {}
    for status, reason, number in rows:
        if status in SENT:
            counts["sent"] += number
            counts["delivered"] += number if status == "delivered" else 0
        elif status == "failed":
            counts["failed"] += number
        elif status in KEPT_BACK:
            suppressed[reason or status] = suppressed.get(reason or status, 0) + number
        else:
            pending[status] = pending.get(status, 0) + number
    left = head_count - taken
    if left:
        over = {CANCELLED: CANCELLED_REASON, COMPLETED: LATE_REASON}.get(state)
        where, name = (suppressed, over) if over else (pending, "waiting")
        where[name] = where.get(name, 0) + left
    return Progress(head_count, **counts, suppressed=suppressed, pending=pending)


def share_passed(begins: datetime, ends: datetime, now: datetime, hours: Sequence[Interval]) -> float:
    """How much of the allowed time between two moments is over, from 0 to 1; where none is allowed, by the clock."""
    if now >= ends:
        return 1.0
    if now <= begins:
        return 0.0
    whole = _allowed_seconds(begins, ends, hours)
    if whole == 0:
        return (now - begins) / (ends - begins)
    return _allowed_seconds(begins, now, hours) / whole


def due_by(head_count: int, share: float) -> int:
    """How many of the audience should have had their turn; the first one at once."""
    return min(head_count, max(1, ceil(head_count * share)))


def _allowed_seconds(since: datetime, until: datetime, hours: Sequence[Interval]) -> float:
    total, day = 0.0, since.astimezone(clock.SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < until:
        for start, end in hours:
            first, last = day + timedelta(minutes=start), day + timedelta(minutes=end)
            total += max(0.0, (min(last, until) - max(first, since)).total_seconds())
        day += timedelta(days=1)
    return total
