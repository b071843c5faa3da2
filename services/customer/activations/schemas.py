"""Bodies of the activations API."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.customer.activations import rules
from services.customer.activations.models import Activation
from services.customer.consent.rules import Evidence
from services.customer.consent.schemas import Moment, line
from services.customer.products.schemas import to_the_cent
from shared.money import yuan
from shared.phones import hide_numbers

FEN = Decimal(100)


def _blank_is_none(value: object) -> object:
    """Evidence without its kind or without its number is none."""
    if not isinstance(value, dict):
        return value
    said = {name: str(value.get(name) or "").strip() for name in ("kind", "reference")}
    return value if all(said.values()) else None


Kind = Annotated[Literal["signature", "sms_code", "recording"], BeforeValidator(rules.evidence_kind)]
Reference = Annotated[str, line(200), AfterValidator(hide_numbers)]
StaffNo = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
ProductCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Amount = Annotated[Decimal, Field(ge=0, le=1_000_000), AfterValidator(to_the_cent)]


class EvidenceBody(BaseModel):
    """What shows that the customer agreed: a signed form, a code sent by SMS, a recording, and how to find it."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    reference: Reference

    def value(self) -> Evidence:
        return Evidence(self.kind, self.reference)


class ActivationCreate(BaseModel):
    """A product opened at the customer's word."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID
    product: ProductCode
    amount: Amount
    evidence: Annotated[EvidenceBody | None, BeforeValidator(_blank_is_none)] = None
    clerk: StaffNo | None = None
    occurred_at: Moment | None = None
    recommendation_id: UUID | None = None

    @property
    def amount_fen(self) -> int:
        return int(self.amount * FEN)


class EvidenceRead(BaseModel):
    """The evidence of an activation."""

    kind: str
    reference: str


class ActivationRead(BaseModel):
    """An activation as answered."""

    id: UUID
    version: int
    status: str
    customer_id: UUID
    hall: str
    county: str
    clerk: str
    sold_by: str
    product: str
    product_title: str
    amount: str
    evidence: EvidenceRead
    recommendation_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    denied_at: datetime | None

    @classmethod
    def of(cls, activation: Activation) -> Self:
        as_stored = cls.model_fields.keys() & Activation.model_fields.keys()
        return cls(
            **{name: getattr(activation, name) for name in as_stored},
            amount=str(yuan(Decimal(activation.amount_fen) / FEN)),
            evidence=EvidenceRead(kind=activation.evidence_kind, reference=activation.evidence_reference),
        )
