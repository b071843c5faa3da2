"""The gateways over HTTP: which there are, how they do, what waits for them."""

from typing import Annotated, cast

from fastapi import APIRouter

from services.messaging.config import MessagingSettings
from services.messaging.dispatch import repository
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.dispatch.models import GatewayLane
from services.messaging.dispatch.schemas import GatewayRead, Gateways
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/messaging/v1", tags=["gateways"])


@router.get("/gateways")
async def list_gateways(here: Here, _caller: Annotated[Caller, requires("gateways:write")]) -> Gateways:
    """Pauses, failures in a row and the length of each queue; `can_be_asked: false` flags who cannot be asked."""
    settings = cast("MessagingSettings", here.settings).gateway_settings()
    async with here.database.reading() as session:
        lanes = {name: await repository.lane_or_none(session, name) for name in settings}
        counts = await repository.counts(session)
    items = []
    for name, gateway in open_gateways(here).items():
        lane = lanes[name] or GatewayLane(gateway=name)
        waiting = {state: counts.get((name, state), 0) for state in repository.IN_HAND}
        items.append(
            GatewayRead(
                name=name, kind=settings[name].kind, can_be_asked=gateway.can_be_asked, rate=settings[name].rate,
                failures=lane.failures, paused_until=lane.paused_until, **waiting,
            )
        )  # fmt: skip
    return Gateways(items=items)
