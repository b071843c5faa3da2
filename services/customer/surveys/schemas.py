"""Bodies of the surveys' requests and answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.customer.surveys.models import Invitation, Score, Survey
from shared.phones import hide_numbers

Kind = Literal["counter", "after_ticket", "periodic"]
Status = Literal["open", "answered", "expired", "withdrawn"]
SurveyCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,39}$")]
QuestionCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
StaffNo = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,20}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Comment = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(hide_numbers)
]
Contact = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$"), AfterValidator(hide_numbers)]
Scores = Annotated[dict[QuestionCode, int], Field(max_length=20)]


class Body(BaseModel):
    """A request body: members it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class QuestionBody(Body):
    """A question, answered from 1 to `out_of`."""

    code: QuestionCode
    text: Title
    out_of: int = Field(5, ge=2, le=10)


def _each_once(questions: list[QuestionBody]) -> list[QuestionBody]:
    if len({question.code for question in questions}) < len(questions):
        raise ValueError("题目编码不能重复。")
    return questions


Questions = Annotated[list[QuestionBody], Field(min_length=1, max_length=20), AfterValidator(_each_once)]
ValidDays = Annotated[int, Field(ge=1, le=90)]
RestDays = Annotated[int, Field(ge=1, le=365)]
PerHall = Annotated[int, Field(ge=0, le=500)]


class SurveyCreate(Body):
    """A new survey: what is asked, for how long, how long a customer is left in peace, when the hall is reminded."""

    code: SurveyCode
    kind: Kind
    title: Title
    introduction: Sentence
    questions: Questions
    valid_days: ValidDays = 7
    rest_days: RestDays = 30
    remind_after_days: ValidDays | None = None
    per_hall: PerHall = Field(
        0, description="How many customers of each hall a periodic survey asks a month."
    )

    def facts(self) -> dict[str, Any]:
        return self.model_dump(exclude={"code"})


class SurveyChange(Body):
    """What may change; every change is a new version. The kind is what the survey is."""

    title: Title | None = None
    introduction: Sentence | None = None
    questions: Questions | None = None
    valid_days: ValidDays | None = None
    rest_days: RestDays | None = None
    remind_after_days: ValidDays | None = None
    per_hall: PerHall | None = None
    active: bool | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        empty = {n for n in self.model_fields_set if getattr(self, n) is None} - {"remind_after_days"}
        if empty:
            raise ValueError(f"不能为空：{'、'.join(sorted(empty))}")
        return self

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class SurveyRead(BaseModel):
    """A survey as answered."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    version: int
    kind: str
    title: str
    introduction: str
    questions: list[QuestionBody]
    valid_days: int
    rest_days: int
    remind_after_days: int | None
    per_hall: int
    active: bool
    author: str
    created_at: AwareDatetime

    @classmethod
    def of(cls, survey: Survey) -> Self:
        return cls.model_validate(survey)


class InvitationCreate(Body):
    """A contact that just was; `contact` tells it from others of the same day, a receipt's number for example."""

    customer_id: UUID
    contact: Contact | None = None
    served_by: StaffNo | None = Field(
        None, description="Who served; oneself when left out. A machine must say it."
    )


class AnswerCreate(Body):
    """What the customer said, to somebody other than who served."""

    scores: Scores
    comment: Comment | None = None
    channel: Literal["counter", "phone"] = "counter"
    clerk: StaffNo | None = Field(None, description="Who asked, when a machine sends it.")


class LinkCreate(Body):
    """Who hands the link to the customer, when a machine asks for it."""

    clerk: StaffNo | None = None


class LinkRead(BaseModel):
    """The link, shown this once; it is good for one answer."""

    url: str
    expires_at: datetime


class InvitationRead(BaseModel):
    """An invitation as answered; scores once there are any."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    survey: str
    survey_version: int
    kind: str
    customer_id: UUID | None
    contact: str
    hall: str
    served_by: str
    status: str
    invited_at: AwareDatetime
    expires_at: AwareDatetime
    reminded_at: AwareDatetime | None
    answered_at: AwareDatetime | None
    channel: str | None
    recorded_by: str | None
    comment: str | None
    scores: dict[str, int] = {}

    @classmethod
    def of(cls, invitation: Invitation, scores: Sequence[Score] = ()) -> Self:
        read = cls.model_validate(invitation)
        read.scores = {score.question: score.score for score in scores}
        return read


class MeanRead(BaseModel):
    """A question's answers: how many, and their sum of the most possible. The mean is theirs to divide."""

    question: str
    n: int
    total: int
    most: int


class RateRead(BaseModel):
    """Response as its two sides, answered of invited, with what each question got."""

    subject: str
    invited: int
    answered: int
    questions: list[MeanRead]


class StatsRead(BaseModel):
    """Of invitations made in the month, or ever; by clerk who served, by hall or by county."""

    survey: str
    items: list[RateRead]

    @classmethod
    def of(cls, survey: str, rates: Sequence[Any], means: Sequence[Any]) -> Self:
        per: dict[str, list[MeanRead]] = {}
        for m in means:
            per.setdefault(m.subject, []).append(
                MeanRead(question=m.question, n=m.n, total=m.total, most=m.most)
            )
        items = [
            RateRead(
                subject=r.subject, invited=r.invited, answered=r.answered, questions=per.get(r.subject, [])
            )
            for r in rates
        ]
        return cls(survey=survey, items=items)
