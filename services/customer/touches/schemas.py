"""Bodies of contacts and follow-ups. A follow-up's `state` is that of the day on which it is asked."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.customer.archive.schemas import Place, StaffNo
from services.customer.consent.schemas import NO_CONTROLS, Moment
from services.customer.touches import models, rules
from services.customer.touches.models import Logged
from services.customer.touches.repository import Filters, Owed
from services.customer.touches.rules import State
from shared.phones import hide_numbers

Kind = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[a-z][a-z_]*$")]
Note = Annotated[str, Field(max_length=200, pattern=NO_CONTROLS), AfterValidator(hide_numbers)]
DaysText = Annotated[str, Field(pattern=r"^[0-9]{1,4}d$")]
Asked = Literal["upcoming", "due", "late", "overdue"]
STATES_ASKED = {
    "upcoming": {State.UPCOMING},
    "due": {State.DUE, State.LATE},
    "late": {State.LATE},
    "overdue": {State.OVERDUE},
}
EXPORT_HEADINGS = (
    "回访编号", "客户编号", "客户姓名", "手机号码", "区县", "营业厅", "客户经理", "等级", "状态", "上次接触", "目标日",
    "最迟日", "逾期天数", "已升级到",
)  # fmt: skip


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TouchCreate(_Body):
    """A contact. `clerk` is who had it; left out it is the caller, or for a machine the customer's manager."""

    kind: Kind
    occurred_at: Moment | None = None
    clerk: StaffNo | None = None
    note: Note | None = None


class CompletionCreate(TouchCreate):
    """The contact by which a follow-up was done; by telephone unless said."""

    kind: Kind = "call"


class TouchRead(BaseModel):
    """A contact as it was logged."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    customer_id: UUID
    hall: str
    county: str
    clerk: str
    kind: str
    qualifying: bool
    made_by: str
    at: datetime
    note: str | None
    follow_up_id: UUID | None
    recorded_by: str
    recorded_at: datetime


class FollowUpRead(BaseModel):
    """A follow-up: owed on `due_on`, in time until `latest_on`; days are Shanghai's."""

    id: UUID
    version: int
    customer_id: UUID
    hall: str
    county: str
    clerk: str
    tier: str
    status: Literal["open", "completed", "dropped"]
    state: State | None
    last_contact_at: datetime
    due_on: date
    latest_on: date
    days_overdue: int
    escalated_to: str | None
    next_due_at: datetime
    completed_at: datetime | None
    completed_by: str | None
    on_time: bool | None
    touch_id: UUID | None

    @classmethod
    def of(cls, follow_up: models.FollowUp, today: date, **more: Any) -> Self:
        return cls.model_validate({**_shown(follow_up, today), **more})


class OwedRead(FollowUpRead):
    """An open follow-up as lists show it, with the customer's name and masked number."""

    customer_name: str
    phone_masked: str

    @classmethod
    def of_owed(cls, owed: Owed, today: date) -> Self:
        return cls.of(owed.follow_up, today, customer_name=owed.name, phone_masked=owed.phone_masked)


class TouchLoggedRead(TouchRead):
    """A contact, with the follow-up that it completed and the one that is open now."""

    completed: FollowUpRead | None
    follow_up: FollowUpRead | None

    @classmethod
    def of(cls, logged: Logged, today: date) -> Self:
        touch = TouchRead.model_validate(logged.touch).model_dump()
        done = FollowUpRead.of(logged.completed, today) if logged.completed else None
        following = FollowUpRead.of(logged.open, today) if logged.open else None
        return cls(**touch, completed=done, follow_up=following)


class CompletionRead(FollowUpRead):
    """The completed follow-up, the contact, and the follow-up that is open now."""

    touch: TouchRead
    next: FollowUpRead

    @classmethod
    def of_logged(cls, logged: Logged, today: date) -> Self:
        done, following = logged.completed, logged.open
        assert done is not None
        assert following is not None
        touch = TouchRead.model_validate(logged.touch)
        return cls.of(done, today, touch=touch, next=FollowUpRead.of(following, today))


class CountsRead(BaseModel):
    """Open follow-ups by state, whatever states the list shows; `upcoming` within the days asked for."""

    model_config = ConfigDict(from_attributes=True)

    upcoming: int
    due: int
    late: int
    overdue: int


class FollowUpPage(BaseModel):
    """The list with its counts, on the day it was asked."""

    items: list[OwedRead]
    next_cursor: str | None
    today: date
    counts: CountsRead


class FollowUpQuery(BaseModel):
    """Filters of list and export. `state` takes several, with commas; `due` is all that is to be done now."""

    state: str | None = Field(None, pattern=r"^(upcoming|due|late|overdue)(,(upcoming|due|late|overdue))*$")
    within: DaysText | None = Field(None, description="例如 7d：七天之内到期的")
    hall: Place | None = None
    clerk: StaffNo | None = None
    tier: Literal["A", "B", "C"] | None = None
    not_contacted_for: DaysText | None = Field(None, description="例如 60d：60 天以上未联系")

    def filters(self) -> Filters:
        asked = self.state.split(",") if self.state else []
        return Filters(
            states=frozenset(state for name in asked for state in STATES_ASKED[name]),
            within=_days(self.within),
            hall=self.hall,
            clerk=self.clerk,
            tier=self.tier,
            quiet_days=_days(self.not_contacted_for),
        )


class TouchKindPut(_Body):
    """How a way of contact is called, and whether it is a follow-up."""

    label: Annotated[str, Field(min_length=1, max_length=20, pattern=NO_CONTROLS)]
    qualifying: bool


class TouchKindRead(BaseModel):
    """A way of contact."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    label: str
    qualifying: bool
    version: int


class LadderStepPut(_Body):
    """The day of lateness on which the step is reached; 1 is the first day after the last day in time."""

    days: Annotated[int, Field(ge=1, le=365)]


class LadderStepRead(BaseModel):
    """A step of the overdue ladder."""

    model_config = ConfigDict(from_attributes=True)

    step: str
    days: int
    version: int


class KindList(BaseModel):
    """Every way of contact."""

    items: list[TouchKindRead]


class Ladder(BaseModel):
    """Every step, from the first to the last."""

    items: list[LadderStepRead]


def export_row(owed: Owed, today: date) -> Sequence[Any]:
    """A line of the file; whoever writes it guards texts that a spreadsheet would run."""
    f, shown = owed.follow_up, OwedRead.of_owed(owed, today)
    return (
        str(f.id), str(f.customer_id), owed.name, owed.phone_masked, f.county, f.hall, f.clerk, f.tier,
        rules.IN_WORDS[f.state_on(today)], str(f.since_on), str(f.due_on), str(f.latest_on), shown.days_overdue,
        rules.STEPS_IN_WORDS.get(shown.escalated_to or "", ""),
    )  # fmt: skip


SHOWN_AS_STORED = tuple(FollowUpRead.model_fields.keys() & models.FollowUp.model_fields.keys())


def _days(text: str | None) -> int | None:
    return int(text[:-1]) if text else None


def _shown(follow_up: models.FollowUp, today: date) -> dict[str, Any]:
    is_open, steps = follow_up.closed_at is None, tuple(rules.STEPS_IN_WORDS)
    return {
        **{field: getattr(follow_up, field) for field in SHOWN_AS_STORED},
        "status": "open" if is_open else follow_up.outcome,
        "state": follow_up.state_on(today) if is_open else None,
        "last_contact_at": follow_up.since,
        "days_overdue": max((today - follow_up.latest_on).days, 0) if is_open else 0,
        "escalated_to": steps[follow_up.steps_taken - 1] if follow_up.steps_taken else None,
        "next_due_at": follow_up.due_at,
        "completed_at": follow_up.closed_at if follow_up.outcome == "completed" else None,
    }
