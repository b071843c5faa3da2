"""The proof over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.messaging.proofs.schemas import CapProofRead, ConsentProofRead
from services.messaging.proofs.usecases import prove_cap, prove_consent
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/messaging/v1/proofs", tags=["proofs"])

MonthText = Annotated[str | None, Query(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$", description="默认本月")]


@router.get("/sms-cap")
async def prove_sms_cap(
    here: Here, caller: Annotated[Caller, requires("proofs:read")], month: MonthText = None
) -> CapProofRead:
    """Computed from gateway answers; `violations` must be empty."""
    async with here.database.reading() as session:
        proof = await prove_cap(session, month or clock.month_of(clock.now()), caller.area)
    return CapProofRead.of(proof)


@router.get("/consents")
async def prove_consents(
    here: Here, caller: Annotated[Caller, requires("proofs:read")], month: MonthText = None
) -> ConsentProofRead:
    """Messages sent to please or to sell without a consent given before; `violations` must be empty."""
    async with here.database.reading() as session:
        proof = await prove_consent(session, month or clock.month_of(clock.now()), caller.area)
    return ConsentProofRead.of(proof)
