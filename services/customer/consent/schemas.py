"""Bodies of the consent API."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from services.customer.consent import rules
from services.customer.consent.models import Consent
from services.customer.consent.rules import Decision, Evidence, Purpose
from shared.phones import hide_numbers

CODE_REFERENCE = "sms-code:"
BLANKS = re.compile(r"\{[^}]*\}?")
NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"


def line(longest: int, shortest: int = 1) -> StringConstraints:
    """One line of text, without what stands around it and without control characters."""
    return StringConstraints(
        strip_whitespace=True, min_length=shortest, max_length=longest, pattern=NO_CONTROLS
    )


def not_emptied(value: Any) -> Any:
    """For what a change may leave out and may not take away."""
    if value is None:
        raise ValueError("这一项不能清空。")
    return value


def _in_utc(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2100:
        raise ValueError("时间应在 2000 年至 2100 年之间。")
    return at.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Short = Annotated[str, line(40)]


def _not_a_codes(text: str) -> str:
    """What a confirmed code proves is written by the house and cannot be claimed."""
    if text.lower().startswith(CODE_REFERENCE):
        raise ValueError("短信验证码的凭证由系统登记，不能自行填写。")
    return text


Reference = Annotated[str, line(200), AfterValidator(hide_numbers), AfterValidator(_not_a_codes)]
WordingVersion = Annotated[
    Short, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EvidenceBody(_Body):
    """What proves the decision: `signature`, `recording`, `sms` … and where to find it."""

    kind: Short
    reference: Reference

    def value(self) -> Evidence:
        return Evidence(self.kind, self.reference)


class ConsentsGiven(_Body):
    """The answers at registration; what is not said is not granted."""

    archive: bool = False
    service_sms: bool = False
    holiday_sms: bool = False
    marketing_sms: bool = False

    def answers(self) -> dict[Purpose, bool]:
        return {purpose: getattr(self, purpose) for purpose in Purpose}


class ConsentCreate(_Body):
    """One decision of a registered customer."""

    purpose: Purpose
    decision: Decision
    channel: Annotated[str, line(20)]
    wording_version: WordingVersion
    evidence: EvidenceBody
    at: Moment | None = None
    clerk: Short | None = None

    def facts(self, *, by: str, now: datetime) -> dict[str, Any]:
        return {
            "purpose": self.purpose,
            "decision": self.decision,
            "at": self.at or now,
            "channel": self.channel,
            "clerk": self.clerk or by,
            "wording_version": self.wording_version,
            "evidence": self.evidence.value(),
        }


class ConsentRead(BaseModel):
    """One row of the ledger."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    customer_id: UUID
    purpose: Purpose
    decision: Decision
    at: datetime
    recorded_at: datetime
    channel: str
    clerk: str
    hall: str
    wording_version: str
    evidence_kind: str
    evidence_reference: str


class ConsentLedger(BaseModel):
    """What is agreed to at `as_of`, and every row said until then."""

    as_of: datetime
    state: dict[Purpose, bool]
    items: list[ConsentRead]

    @classmethod
    def of(cls, entries: Iterable[Consent], as_of: datetime) -> Self:
        said = [entry for entry in entries if entry.at <= as_of]
        items = [ConsentRead.model_validate(entry) for entry in said]
        return cls(as_of=as_of, state=rules.granted(said), items=items)


def _only_known_blanks(text: str) -> str:
    if set(BLANKS.findall(text)) - {"{hall}", "{clerk}"}:
        raise ValueError("告知文本中只能用 {hall} 和 {clerk} 两处填空。")
    return text


def _for_every_purpose(questions: dict[Purpose, str]) -> dict[Purpose, str]:
    if set(questions) != set(Purpose):
        raise ValueError("四项用途都要有问句：archive、service_sms、holiday_sms、marketing_sms。")
    return questions


class WordingCreate(_Body):
    """The words to read aloud from a day on; `{hall}` and `{clerk}` are filled in."""

    version: WordingVersion
    effective_from: date
    introduction: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=20, max_length=2000),
        AfterValidator(_only_known_blanks),
    ]
    questions: Annotated[dict[Purpose, Annotated[str, line(200)]], AfterValidator(_for_every_purpose)]


class WordingRead(BaseModel):
    """The words to read aloud before asking."""

    model_config = ConfigDict(from_attributes=True)

    version: str
    effective_from: date
    introduction: str
    questions: dict[Purpose, str]
    published_by: str | None
    published_at: datetime | None


class WordingList(BaseModel):
    """Every wording, newest first; `current` is the one to read today."""

    current: str
    items: list[WordingRead]
