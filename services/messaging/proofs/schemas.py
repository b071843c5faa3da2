"""The proof as it is shown."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.messaging.proofs.rules import CapProof, ConsentProof


class PoolRead(BaseModel):
    """Classes that share a cap, and what gateways took of them."""

    model_config = ConfigDict(from_attributes=True)

    pool: str
    classes: tuple[str, ...]
    cap: int
    customers: int
    messages: int


class ViolationRead(BaseModel):
    """A customer over the cap."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: UUID
    pool: str
    count: int
    cap: int


class CapProofRead(BaseModel):
    """`violations` is empty, or the cap was broken."""

    month: str
    source: str = Field(description="What was counted.")
    pools: list[PoolRead]
    exempt: dict[str, int] = Field(description="Messages of classes without a cap, by class.")
    violations: list[ViolationRead]

    @classmethod
    def of(cls, proof: CapProof) -> Self:
        return cls(
            month=proof.month,
            source="gateway-answers",
            pools=[PoolRead.model_validate(pool) for pool in proof.pools],
            exempt=proof.exempt,
            violations=[ViolationRead.model_validate(violation) for violation in proof.violations],
        )


class WithoutConsentRead(BaseModel):
    """A message without a consent given before it left."""

    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True)

    message_id: UUID
    customer_id: UUID | None
    message_class: str = Field(serialization_alias="class")
    submitted_at: datetime
    consent_id: UUID | None


class ConsentProofRead(BaseModel):
    """`violations` is empty, or somebody was written to without having agreed."""

    month: str
    checked: dict[str, int] = Field(description="Messages that needed a consent, by class.")
    violations: list[WithoutConsentRead]

    @classmethod
    def of(cls, proof: ConsentProof) -> Self:
        found = [WithoutConsentRead.model_validate(violation) for violation in proof.violations]
        return cls(month=proof.month, checked=proof.checked, violations=found)
