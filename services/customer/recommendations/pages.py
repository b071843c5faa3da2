"""What to offer, on the customer's card; who is first in line, on the workbench; how well it works, for the office."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from services.customer.archive.rules import DECLINE_REASONS
from services.customer.recommendations import usecases
from services.customer.recommendations.errors import ShownMeanwhile
from services.customer.recommendations.repository import By, Look
from services.customer.recommendations.schemas import (
    Answer,
    CountRead,
    OffersRead,
    OpportunityRead,
    Reason,
    StatisticsRead,
)
from services.customer.recommendations.usecases import (
    AnswerRecommendation,
    CountAcceptance,
    LookAtCustomer,
    TakeOpportunity,
)
from shared import clock
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.roles import HALL_ROLES
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("recommendations:read")]
Writer = Annotated[Caller, requires("recommendations:write")]
OPPORTUNITIES = "/customer/opportunities"
LISTED = 20
OUTCOMES = {
    "accepted": ("客户接受", "good"),
    "declined": ("客户没有接受", "plain"),
    "activated": ("已办理", "good"),
}
KEYS: dict[By, str] = {"product": "业务", "script": "话术", "clerk": "客户经理", "hour": "时段"}
BAR, BAR_HEIGHT, MOST_BARS = 220, 22, 12


@router.get("/customer/customers/{customer_id}/recommendations")
async def offers(request: Request, here: Here, caller: Reader, customer_id: UUID) -> Response:
    return _offers(request, caller, await _look(here, caller, customer_id))


@router.get("/customer/recommendations/{recommendation_id}/outcome")
async def back_to_workbench(request: Request, _caller: Reader, recommendation_id: UUID) -> Response:
    return see_other(request, "/customer/workbench")


@router.post("/customer/recommendations/{recommendation_id}/outcome")
async def answer(
    request: Request,
    here: Here,
    caller: Writer,
    recommendation_id: UUID,
    outcome: Annotated[Answer, Form()],
    reason: Annotated[Reason | None, Form()] = None,
) -> Response:
    """The buttons below an offer; htmx puts the offers as they now stand in their place."""
    command = AnswerRecommendation(caller.area, recommendation_id, outcome, reason, caller.subject)
    async with here.database.transaction() as session:
        answered = await usecases.answer_recommendation(session, command, now=clock.now())
    customer_id = answered.recommendation.customer_id
    if wants_part(request):
        return _offers(request, caller, await _look(here, caller, customer_id))
    return see_other(request, f"/customer/customers/{customer_id}/recommendations", say="已登记客户的答复。")


@router.get("/customer/opportunities")
async def opportunities(request: Request, here: Here, caller: Reader) -> Response:
    """A clerk's own customers, a manager's whole hall."""
    mine = caller.subject if caller.role == "clerk" else None
    async with here.database.reading() as session:
        found = await usecases.opportunities(
            session, caller.area, PageRequest(limit=LISTED), clerk=mine, now=clock.now()
        )
    part = wants_part(request)
    return render(
        request, f"recommendations/{'line' if part else 'opportunities'}.html",
        waiting=[OpportunityRead.of(one) for one in found.items], more=found.next_cursor is not None,
    )  # fmt: skip


@router.get("/customer/opportunities/{ticket_id}/taking")
async def back_to_line(request: Request, _caller: Reader, ticket_id: UUID) -> Response:
    return see_other(request, OPPORTUNITIES)


@router.post("/customer/opportunities/{ticket_id}/taking")
async def take(request: Request, here: Here, caller: Writer, ticket_id: UUID) -> Response:
    """Taken, and straight to the customer's card."""
    async with here.database.transaction() as session:
        command = TakeOpportunity(caller.area, ticket_id, caller.subject)
        taken = await usecases.take_opportunity(session, command, now=clock.now())
    return see_other(request, f"/customer/customers/{taken.customer.id}", say="已由您跟进。")


@router.get("/customer/recommendations/statistics")
async def statistics(
    request: Request,
    here: Here,
    caller: Reader,
    by: By = "product",
    since: Annotated[date | None, Query(alias="from")] = None,
    until: Annotated[date | None, Query(alias="to")] = None,
) -> Response:
    last = until or clock.business_date(clock.now())
    command = CountAcceptance(caller.area, by, since or last.replace(day=1), last)
    async with here.database.reading() as session:
        found = StatisticsRead.of(await usecases.count_acceptance(session, command))
    return render(
        request, "recommendations/statistics.html", found=found, keys=KEYS, bars=bars(found.items),
        bar=BAR, bar_height=BAR_HEIGHT, rate=rate, reasons={**DECLINE_REASONS, "unsaid": "没有说明"},
    )  # fmt: skip


def rate(line: CountRead) -> str:
    """Accepted of shown; a dash where nothing was shown."""
    return f"{100 * line.numerator / line.denominator:.1f}%" if line.denominator else "—"


def bars(lines: list[CountRead]) -> list[dict[str, Any]]:
    """The keys shown most, each with the length of its bar: its share accepted."""
    most = sorted(lines, key=lambda line: -line.shown)[:MOST_BARS]
    return [
        {"name": line.name, "rate": rate(line), "length": round(BAR * line.numerator / line.denominator, 1)}
        for line in most
    ]


async def _look(here: Runtime, caller: Caller, customer_id: UUID) -> Look:
    """Opening the offers at the counter is showing them."""
    shows = caller.role in HALL_ROLES and caller.may("recommendations:write")
    command = LookAtCustomer(caller.area, customer_id, caller.subject if shows else None)
    try:
        return await _look_and_show(here, command)
    except ShownMeanwhile:
        return await _look_and_show(here, replace(command, by=None))


async def _look_and_show(here: Runtime, command: LookAtCustomer) -> Look:
    async with here.database.transaction() as session:
        look = await usecases.look_at_customer(session, command, now=clock.now())
        if look.new:
            usecases.show(session, look)
    return look


def _offers(request: Request, caller: Caller, look: Look) -> Response:
    """The whole page, or for htmx the part that a panel holds."""
    part = wants_part(request)
    return render(
        request, f"recommendations/{'offers' if part else 'customer'}.html",
        found=OffersRead.of(look, caller.display), customer=look.customer, outcomes=OUTCOMES,
        reasons=DECLINE_REASONS, may_answer=caller.may("recommendations:write"),
        may_open=caller.may("activations:write"),
    )  # fmt: skip
