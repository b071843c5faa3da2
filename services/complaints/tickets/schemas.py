"""Bodies of tickets: what may be asked, and what is shown. A number is shown masked, never clear."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.complaints.clocks.rules.policies import CLOCKS
from services.complaints.clocks.rules.timing import Reading
from services.complaints.tickets.models import Actor, ClockAlarm, Ticket, TicketClock, TicketCycle
from services.complaints.tickets.rules import Status, allowed_actions
from services.complaints.work_orders.schemas import Moment
from shared.security.tenancy import Caller

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
HallCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
Staff = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Body(BaseModel):
    """A request body: members it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class WorkOrderBody(Body):
    """The 10086 order a ticket stands for."""

    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
    number: Code


class TicketCreate(Body):
    """An enquiry or complaint. The caller is a customer of the archive, a number, or nobody known."""

    kind: Literal["enquiry", "complaint"]
    category: Code
    source: Literal["counter", "hall_phone", "sms", "work_order"]
    hall: HallCode
    summary: Text
    customer_id: UUID | None = None
    phone: Phone | None = Field(None, repr=False)
    received_at: Moment | None = None
    work_order: WorkOrderBody | None = None
    clerk: Staff | None = Field(None, description="Who takes it down, when a machine sends it.")

    @model_validator(mode="after")
    def _one_caller(self) -> Self:
        if self.customer_id is not None and self.phone is not None:
            raise ValueError("customer_id 与 phone 只填一个")
        if (self.source == "work_order") != (self.work_order is not None):
            raise ValueError("来源为 work_order 时应填写 work_order，其他来源不填")
        return self


class Transition(Body):
    """One action. `assign` needs `handler`; `resolve` of a complaint needs `cause` and `remedy`."""

    action: Literal[
        "assign", "respond", "pause", "resume", "resolve", "close", "reopen", "escalate", "withdraw"
    ]
    clerk: Staff | None = Field(None, description="Who acts, when a machine sends it.")
    note: Text | None = None
    handler: Staff | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] | None = (
        None
    )
    cause: Code | None = None
    remedy: Code | None = None
    responsible_clerk: Staff | None = None
    responsible_hall: HallCode | None = None


class NoteCreate(Body):
    """A line for the record. One from the customer asks for the next response."""

    text: Text
    from_customer: bool = False
    clerk: Staff | None = None


class ClockRead(BaseModel):
    """A clock of the present cycle."""

    clock: str
    due_at: datetime | None
    state: str
    warn_at: datetime | None = None
    stopped_at: datetime | None = None
    within: bool | None = None

    @classmethod
    def of(cls, row: TicketClock, now: datetime) -> Self:
        return cls(
            clock=row.clock, due_at=row.due_at, state=row.state(now), warn_at=row.warn_at,
            stopped_at=row.stopped_at, within=row.within,
        )  # fmt: skip


class CycleRead(BaseModel):
    """One cycle and how it ended."""

    model_config = ConfigDict(from_attributes=True)

    cycle: int
    started_at: datetime
    reason: str
    handler: str | None
    responded_at: datetime | None
    responded_by: str | None
    resolved_at: datetime | None
    cause: str | None
    remedy: str | None
    responsible_clerk: str | None
    responsible_hall: str | None
    closed_at: datetime | None
    close_reason: str | None
    score: int | None
    rated_at: datetime | None
    rated_by: str | None


class TicketRead(BaseModel):
    """A ticket as shown."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    version: int
    kind: str
    category: str
    source: str
    status: str
    cycle: int
    level: str
    customer_id: UUID | None
    phone_masked: str | None
    hall: str
    county: str
    clerk: str | None
    handler: str | None
    summary: str
    received_at: datetime
    recorded_at: datetime
    work_order: WorkOrderBody | None = None
    required_by: datetime | None = None
    resolved_at: datetime | None
    closed_at: datetime | None
    clocks: list[ClockRead] = []
    cycles: list[CycleRead] = []
    allowed: list[str] = Field([], description="Actions the present status takes.")

    @classmethod
    def of(
        cls, ticket: Ticket, clocks: Iterable[TicketClock], now: datetime, cycles: Iterable[TicketCycle] = ()
    ) -> Self:
        read = cls.model_validate(ticket)
        read.clocks = [ClockRead.of(row, now) for row in clocks if row.cycle == ticket.cycle]
        read.cycles = [CycleRead.model_validate(cycle) for cycle in cycles]
        read.allowed = [str(action) for action in allowed_actions(Status(ticket.status))]
        if ticket.work_order_source and ticket.work_order_number:
            read.work_order = WorkOrderBody(source=ticket.work_order_source, number=ticket.work_order_number)
        return read


class EntryRead(BaseModel):
    """One line of a ticket's event log."""

    model_config = ConfigDict(from_attributes=True)

    ticket_id: UUID
    seq: int
    cycle: int
    kind: str
    at: datetime
    recorded_at: datetime
    actor: str
    role: str
    text: str | None
    data: dict[str, Any]


class IntervalRead(BaseModel):
    """Minutes that counted."""

    start: datetime
    end: datetime
    minutes: float


class AlarmRead(BaseModel):
    """A warning or miss that was stored."""

    kind: str
    due_at: datetime
    detected_at: datetime


class ClockExplained(BaseModel):
    """One clock of one cycle, with every interval that makes up its due time."""

    clock: str
    cycle: int
    round: int
    basis: str
    limit_minutes: float
    warn_minutes: float
    pausable: bool
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    stopped_at: datetime | None
    state: str
    within: bool | None
    pauses: list[tuple[datetime, datetime | None]]
    intervals: list[IntervalRead]
    counted_minutes: float
    alarms: list[AlarmRead]

    @classmethod
    def of(cls, reading: Reading, alarms: Sequence[ClockAlarm], now: datetime) -> Self:
        run, limit = reading.run, reading.limit
        mine = [a for a in alarms if (a.cycle, a.clock, a.round) == (run.cycle, run.clock, run.round)]
        intervals = [
            IntervalRead(start=start, end=end, minutes=(end - start).total_seconds() / 60)
            for start, end in reading.counted
        ]
        return cls(
            clock=run.clock, cycle=run.cycle, round=run.round, basis=limit.basis,
            limit_minutes=limit.limit.total_seconds() / 60, warn_minutes=limit.warn.total_seconds() / 60,
            pausable=limit.pausable, started_at=run.started_at, warn_at=reading.warn_at, due_at=reading.due_at,
            stopped_at=run.stopped_at, state=reading.state(now), within=reading.within,
            pauses=list(run.pauses), intervals=intervals,
            counted_minutes=sum(interval.minutes for interval in intervals),
            alarms=[AlarmRead(kind=a.kind, due_at=a.due_at, detected_at=a.detected_at) for a in mine],
        )  # fmt: skip


class ClocksExplained(BaseModel):
    """Every clock of a ticket, and the versions its due times follow from."""

    ticket_id: UUID
    number: str
    policy_version: int
    calendar: str
    calendar_version: int
    days_version: int
    required_by: datetime | None
    clocks: list[ClockExplained]


def acting(caller: Caller, clerk: str | None) -> Actor:
    """A machine says which clerk stands before it; a person acts in their own name."""
    machine = caller.role == "pos"
    return Actor(clerk, "clerk") if machine and clerk else Actor(caller.subject, caller.role)


EXPORT_HEADINGS = (
    "工单编号", "10086工单号", "类型", "分类", "来源", "区县", "营业厅", "客户经理", "处理人", "状态",
    "受理时间", "登记时间", "轮次", "本轮开始", "开始原因", "首次答复时间", "解决时间", "原因", "处理方式",
    "责任人", "关闭时间", "关闭原因", "评分",
    *(f"{name}{part}" for name in ("首次答复", "再次答复", "解决", "法定") for part in ("时限", "状态")),
)  # fmt: skip


def export_row(ticket: Ticket, cycle: TicketCycle, clocks: Iterable[TicketClock], now: datetime) -> list[Any]:
    """One line of the export: a ticket in one cycle. Of several next responses the last one is shown."""
    last = {row.clock: row for row in sorted(clocks, key=lambda row: row.round) if row.cycle == cycle.cycle}
    timed = [last.get(clock) for clock in CLOCKS]
    cells = [(row.due_at, row.state(now)) if row else (None, None) for row in timed]
    return [
        ticket.number, ticket.work_order_number, ticket.kind, ticket.category, ticket.source, ticket.county,
        ticket.hall, ticket.clerk, cycle.handler, ticket.status, ticket.received_at, ticket.recorded_at,
        cycle.cycle, cycle.started_at, cycle.reason, cycle.responded_at, cycle.resolved_at, cycle.cause,
        cycle.remedy, cycle.responsible_clerk, cycle.closed_at, cycle.close_reason, cycle.score,
        *(cell for pair in cells for cell in pair),
    ]  # fmt: skip
