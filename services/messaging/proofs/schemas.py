"""The proof as it is shown."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.messaging.proofs.rules import CapProof


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
