"""Asking for a message, and which gateway carries what."""

from typing import Annotated, cast

from fastapi import APIRouter, Request, Response

from services.messaging.config import MessagingSettings
from services.messaging.planning import repository, rules
from services.messaging.planning.errors import GatewayNotSetUp
from services.messaging.planning.schemas import GatewayRoutes, MessageAccepted, MessageCreate, RouteEntry
from services.messaging.planning.usecases.request_message import RequestMessage, request_message
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, requires

router = APIRouter(prefix="/messaging/v1", tags=["planning"])


@router.post("/messages", status_code=202, response_model=MessageAccepted)
async def send_message(
    body: MessageCreate, request: Request, once: Once, caller: Annotated[Caller, requires("messages:write")]
) -> Response:
    """Plan a message. 202 also when a rule keeps it back: then `status` is `suppressed` and `reason` says why."""
    request_id = rules.request_id(caller.subject, request.headers["idempotency-key"])
    command = RequestMessage(body.customer_id, body.template, body.params, request_id, caller.area)
    async with once.transaction() as session:
        message = await request_message(session, command, now=clock.now())
        where = {"location": f"/messaging/v1/messages/{message.id}"}
        return once.answer(202, MessageAccepted.of(message), headers=where)


@router.get("/gateway-routes")
async def list_routes(here: Here, _caller: Annotated[Caller, requires("gateways:write")]) -> GatewayRoutes:
    async with here.database.reading() as session:
        routes = await repository.routes(session)
    return GatewayRoutes(
        items=[
            RouteEntry(hall=hall, message_class=kind, gateway=route.gateway, fallback=route.fallback)
            for (hall, kind), route in sorted(routes.items())
        ]
    )


@router.put("/gateway-routes")
async def replace_routes(
    body: GatewayRoutes, here: Here, _caller: Annotated[Caller, requires("gateways:write")]
) -> GatewayRoutes:
    """Replace all routes at once; messages already planned keep their gateway. 422 for one that is not set up."""
    known = cast("MessagingSettings", here.settings).gateway_settings()
    unknown = sorted({name for r in body.items for name in (r.gateway, r.fallback) if name} - set(known))
    if unknown:
        raise GatewayNotSetUp(gateways="、".join(unknown))
    async with here.database.transaction() as session:
        await repository.replace_routes(session, body.to_rows())
    return body
