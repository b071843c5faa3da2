"""Bodies of the archive API. The clear number appears in what comes in and in the answer to an audited reveal only."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from services.customer.archive import models, rules
from services.customer.archive.repository import Record
from services.customer.consent.rules import Purpose, granted
from services.customer.consent.schemas import (
    ConsentsGiven,
    EvidenceBody,
    Moment,
    WordingVersion,
    line,
    not_emptied,
)
from shared.phones import hide_numbers


def _gender(value: Any) -> Any:
    return rules.GENDERS.get(value.strip().lower(), value) if isinstance(value, str) else value


def _sorted_once(codes: list[int]) -> list[int]:
    return sorted(set(codes))


def _no_number(text: str) -> str:
    if hide_numbers(text) != text:
        raise ValueError("这里不能填手机号码，请用贵系统中的客户编号。")
    return text


Code = Annotated[int, Field(ge=0, le=999)]
Codes = Annotated[list[Code], Field(max_length=20), AfterValidator(_sorted_once)]
ExternalKey = Annotated[str, line(100), AfterValidator(_no_number)]
ExternalSource = Annotated[str, line(40), AfterValidator(_no_number)]
Gender = Annotated[Literal["male", "female"], BeforeValidator(_gender)]
Name = Annotated[str, line(40), AfterValidator(hide_numbers)]
Note = Annotated[str, line(100), AfterValidator(hide_numbers)]
Phone = Annotated[str, Field(min_length=1, max_length=64)]
Place = Annotated[str, line(20)]
StaffNo = Annotated[str, line(40)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ExternalIdBody(_Body):
    """The customer's id in the caller's own system."""

    source: ExternalSource
    id: ExternalKey

    def value(self) -> models.ExternalId:
        return models.ExternalId(self.source, self.id)


class NumberStoredBody(_Body):
    """What was stored in the customer's phone: the hall's full name and number, to the letter (C2)."""

    name: Annotated[str, line(60)]
    number: Annotated[str, line(30)]
    at: Moment
    clerk: StaffNo | None = None

    def value(self, by: str) -> models.NumberStored:
        return models.NumberStored(self.name, self.number, self.at, self.clerk or by)


class ProfileBody(_Body):
    """The descriptive fields, by the codes of `GET /customer/v1/codes`."""

    name: Name
    brand: Code
    age_band: Code
    spend_band: Code
    gender: Gender | None = None
    habits: Codes = []
    habits_note: Note | None = None
    preferences: Codes = []
    preferences_note: Note | None = None

    def profile(self) -> rules.Profile:
        return rules.Profile(
            name=self.name,
            brand=self.brand,
            age_band=self.age_band,
            spend_band=self.spend_band,
            gender=self.gender,
            habits=tuple(self.habits),
            habits_note=self.habits_note,
            preferences=tuple(self.preferences),
            preferences_note=self.preferences_note,
        )


class CustomerPut(ProfileBody):
    """A customer as another system knows them."""

    phone: Phone
    hall: Place
    clerk: StaffNo
    consents: ConsentsGiven = ConsentsGiven()
    consent_evidence: EvidenceBody
    wording_version: WordingVersion
    number_stored: NumberStoredBody | None = None
    occurred_at: Moment | None = None

    def facts(self, *, now: datetime) -> dict[str, Any]:
        """Everything of the registration but the number, which the edge seals."""
        return {
            "hall": self.hall,
            "clerk": self.clerk,
            "profile": self.profile(),
            "answers": self.consents.answers(),
            "evidence": self.consent_evidence.value(),
            "wording_version": self.wording_version,
            "at": self.occurred_at or now,
            "number_stored": self.number_stored and self.number_stored.value(self.clerk),
        }


class CustomerCreate(CustomerPut):
    """A customer who has just agreed to be archived."""

    external_id: ExternalIdBody | None = None

    def facts(self, *, now: datetime) -> dict[str, Any]:
        external = self.external_id and self.external_id.value()
        return {**super().facts(now=now), "external": external}


class CustomerPatch(_Body):
    """The fields to change; what is absent stays. A wrong number is corrected here, a new number is a new customer."""

    phone: Phone | None = None
    name: Name | None = None
    brand: Code | None = None
    age_band: Code | None = None
    spend_band: Code | None = None
    gender: Gender | None = None
    habits: Codes | None = None
    habits_note: Note | None = None
    preferences: Codes | None = None
    preferences_note: Note | None = None

    _stays = field_validator(
        "phone", "name", "brand", "age_band", "spend_band", "habits", "preferences", mode="before"
    )(not_emptied)

    def changes(self) -> dict[str, Any]:
        """What was sent, beside the number."""
        sent = self.model_dump(exclude_unset=True, exclude={"phone"})
        return {field: tuple(value) if isinstance(value, list) else value for field, value in sent.items()}


class PhoneLookup(_Body):
    """A number to look for; in the body, so that it never stands in a URL."""

    phone: Phone


class PhoneReveal(_Body):
    """Why the clear number is needed."""

    reason: Annotated[str, line(200, shortest=2), AfterValidator(hide_numbers)]


class PhoneRevealed(BaseModel):
    """The clear number."""

    phone: str


class NumberStoredRead(BaseModel):
    """That the hall's number is in the customer's phone."""

    name: str
    number: str
    at: datetime
    by: str


class CompletenessRead(BaseModel):
    """How many of the descriptive fields are filled, and of how many there are."""

    filled: int
    total: int


class CustomerRead(BaseModel):
    """A customer as lists and forms show them: the number masked."""

    id: UUID
    version: int
    status: str
    hall: str
    county: str
    clerk: str
    phone_masked: str
    name: str
    brand: int
    age_band: int
    spend_band: int
    gender: str | None
    habits: list[int]
    habits_note: str | None
    preferences: list[int]
    preferences_note: str | None
    tier: str
    sms_count: int
    completeness: CompletenessRead
    number_stored: NumberStoredRead | None
    external_id: ExternalIdBody | None
    archived_at: datetime
    recorded_at: datetime
    last_contact_at: datetime

    @classmethod
    def of(cls, customer: models.Customer) -> Self:
        return cls.model_validate(_shown(customer))


SHOWN_AS_STORED = tuple(
    CustomerRead.model_fields.keys() & models.Customer.model_fields.keys() - {"external_id"}
)


def _shown(customer: models.Customer) -> dict[str, Any]:
    stored, external = customer.number_stored, customer.external
    filled, total = rules.completeness(customer.profile)
    return {
        **{field: getattr(customer, field) for field in SHOWN_AS_STORED},
        "completeness": {"filled": filled, "total": total},
        "number_stored": asdict(stored) if stored else None,
        "external_id": asdict(external) if external else None,
    }


class CustomerCard(CustomerRead):
    """One customer with what the system fills by itself: consents in force, recommendations, tickets (C6)."""

    consents: dict[Purpose, bool]
    recommendations: str
    services: str

    @classmethod
    def of_record(cls, record: Record) -> Self:
        customer = record.customer
        filled_by_us = {
            "consents": granted(record.consents),
            "recommendations": rules.offers_text(record.offers, customer.carried_recommendations),
            "services": rules.tickets_text(record.tickets, customer.carried_services),
        }
        return cls.model_validate({**_shown(customer), **filled_by_us})


class CodeRead(BaseModel):
    """One code; a band owns its lower bound and not its upper one."""

    model_config = ConfigDict(from_attributes=True)

    code: int
    label: str
    lower: int | None
    upper: int | None


class ChangeRead(BaseModel):
    """One edit: who, when, what; number and name only masked."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    by: str
    version: int
    changes: list[dict[str, Any]]
