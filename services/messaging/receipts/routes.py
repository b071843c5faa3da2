"""The doors for gateways. Each callback proves where it comes from; anything proven is stored and answered 200.

Signed senders post to `/gateways/{gateway}/receipts`. Gateways that cannot sign, Kannel among them, have a secret in
the path, `/gateways/{gateway}/{secret}/receipts`, and an address from the gateway's `sources`.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request

from services.messaging.dispatch.errors import CallbackRefused, GatewayUnknown
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.dispatch.ports import Callback, Gateway
from services.messaging.receipts import usecases
from shared import clock
from shared.runtime import Runtime
from shared.web.dependencies import Here
from shared.web.parameters import ANY_QUERY

router = APIRouter(prefix="/messaging/v1/gateways", tags=["gateways"])

METHODS = ["POST", "GET"]
Answer = Mapping[str, int]


@router.api_route("/{gateway}/receipts", methods=METHODS, openapi_extra=ANY_QUERY)
@router.api_route("/{gateway}/{secret}/receipts", methods=METHODS, openapi_extra=ANY_QUERY)
async def take_receipts(gateway: str, request: Request, here: Here, secret: str | None = None) -> Answer:
    """Receipts, one or many; doubles are answered like firsts."""
    known, callback = await _proven(gateway, request, here, secret)
    receipts = known.parse_receipts(callback)
    async with here.database.transaction() as session:
        new = await usecases.store_receipts(session, gateway, receipts, now=clock.now())
    return {"taken": len(receipts), "new": new}


@router.api_route("/{gateway}/inbound", methods=METHODS, openapi_extra=ANY_QUERY)
@router.api_route("/{gateway}/{secret}/inbound", methods=METHODS, openapi_extra=ANY_QUERY)
async def take_inbound(gateway: str, request: Request, here: Here, secret: str | None = None) -> Answer:
    """Messages from phones."""
    known, callback = await _proven(gateway, request, here, secret)
    inbound = known.parse_inbound(callback)
    async with here.database.transaction() as session:
        new = await usecases.store_inbound(session, gateway, inbound, here.phones, now=clock.now())
    return {"taken": len(inbound), "new": new}


async def _proven(name: str, request: Request, here: Runtime, secret: str | None) -> tuple[Gateway, Callback]:
    """Raises GatewayUnknown, CallbackRefused."""
    gateway = open_gateways(here).get(name)
    if gateway is None:
        raise GatewayUnknown
    callback = Callback(
        headers=dict(request.headers),
        query=request.scope["query_string"],
        body=await request.body(),
        address=request.client.host if request.client else "",
        secret=secret,
    )
    if not gateway.admits(callback):
        raise CallbackRefused
    return gateway, callback
