"""Recommendations over HTTP: what to offer now, the customer's answer, who is first in line, and how well it works."""

from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.customer.recommendations import repository, usecases
from services.customer.recommendations.errors import ShownMeanwhile
from services.customer.recommendations.repository import By
from services.customer.recommendations.schemas import (
    OffersRead,
    OpportunityRead,
    OutcomeCreate,
    PolicyCreate,
    PolicyRead,
    RecommendationRead,
    StaffNo,
    StatisticsRead,
)
from services.customer.recommendations.usecases import (
    AnswerRecommendation,
    CountAcceptance,
    LookAtCustomer,
    TakeOpportunity,
)
from shared import clock
from shared.pagination import Page
from shared.security.roles import HALL_ROLES
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires
from shared.web.once import json_response

router = APIRouter(prefix="/customer/v1", tags=["recommendations"])

Reader = Annotated[Caller, requires("recommendations:read")]
Writer = Annotated[Caller, requires("recommendations:write")]
"""Whose reading at the counter is showing."""


@router.get("/customers/{customer_id}/recommendations", response_model=OffersRead)
async def list_offers(
    customer_id: UUID, here: Here, caller: Reader, clerk: StaffNo | None = None
) -> Response:
    """At most three products that fit, with reasons and words. Whoever asks at the counter has shown them: each is
    kept once a day, and said once. For everybody else it is what was shown today.
    """
    command = LookAtCustomer(caller.area, customer_id, _who_offers(caller, clerk))
    now = clock.now()
    async with here.database.reading() as session:
        look = await usecases.look_at_customer(session, command, now=now)
    try:
        if look.new:
            async with here.database.transaction() as session:
                usecases.show(session, look)
    except ShownMeanwhile:
        # In a transaction, since on SQLite theirs may not be on disk yet: ours ends after it.
        async with here.database.transaction() as session:
            look = await usecases.look_at_customer(session, replace(command, by=None), now=now)
    return json_response(200, OffersRead.of(look, caller.display))


@router.get("/recommendations")
async def list_recommendations(
    here: Here, caller: Reader, page: PageQuery, customer_id: UUID | None = None, product: str | None = None
) -> Page[RecommendationRead]:
    """What was shown and how it ended, newest first."""
    async with here.database.reading() as session:
        found = await repository.recommendations_page(
            session, caller.area, page, customer_id=customer_id, product=product
        )
    return found.map(RecommendationRead.of)


@router.get("/recommendations/statistics")
async def get_statistics(
    here: Here,
    caller: Reader,
    by: By = "product",
    since: Annotated[date | None, Query(alias="from")] = None,
    until: Annotated[date | None, Query(alias="to")] = None,
    hall: Annotated[str | None, Query(max_length=20)] = None,
) -> StatisticsRead:
    """Acceptance by product, script, clerk or hour of the day; this month so far unless said."""
    until = until or clock.business_date(clock.now())
    command = CountAcceptance(caller.area, by, since or until.replace(day=1), until, hall)
    async with here.database.reading() as session:
        return StatisticsRead.of(await usecases.count_acceptance(session, command))


@router.get("/recommendations/{recommendation_id}")
async def get_recommendation(recommendation_id: UUID, here: Here, caller: Reader) -> RecommendationRead:
    async with here.database.reading() as session:
        return RecommendationRead.of(await repository.get_shown(session, recommendation_id, caller.area))


@router.post(
    "/recommendations/{recommendation_id}/outcome", status_code=201, response_model=RecommendationRead
)
async def answer_recommendation(
    recommendation_id: UUID, body: OutcomeCreate, once: Once, caller: Writer
) -> Response:
    """The customer's answer: one for each recommendation."""
    by = body.clerk or caller.subject if caller.role == "pos" else caller.subject
    command = AnswerRecommendation(caller.area, recommendation_id, body.outcome, body.reason, by)
    async with once.transaction() as session:
        answered = await usecases.answer_recommendation(session, command, now=clock.now())
        return once.answer(201, RecommendationRead.of(answered))


@router.get("/opportunities")
async def list_opportunities(
    here: Here, caller: Reader, page: PageQuery, clerk: StaffNo | None = None
) -> Page[OpportunityRead]:
    """Customers whose issue was settled well, and whom nobody has taken yet."""
    async with here.database.reading() as session:
        found = await usecases.opportunities(session, caller.area, page, clerk=clerk, now=clock.now())
    return found.map(OpportunityRead.of)


@router.post("/opportunities/{ticket_id}/taking", status_code=201, response_model=OpportunityRead)
async def take_opportunity(ticket_id: UUID, once: Once, caller: Writer) -> Response:
    """A clerk will look after this customer; 409 when somebody else will."""
    command = TakeOpportunity(caller.area, ticket_id, caller.subject)
    async with once.transaction() as session:
        taken = await usecases.take_opportunity(session, command, now=clock.now())
        return once.answer(201, OpportunityRead.of(taken))


@router.get("/recommendation-policies")
async def list_policies(
    here: Here, _caller: Annotated[Caller, requires("products:read")], page: PageQuery
) -> Page[PolicyRead]:
    async with here.database.reading() as session:
        found = await repository.policies_page(session, page)
    return found.map(PolicyRead.model_validate)


@router.post("/recommendation-policies", status_code=201, response_model=PolicyRead)
async def set_policy(
    body: PolicyCreate, once: Once, caller: Annotated[Caller, requires("products:write")]
) -> Response:
    """The next version of how the house recommends."""
    policy = body.policy(by=caller.subject, now=clock.now())
    async with once.transaction() as session:
        kept = await usecases.set_policy(session, policy)
        return once.answer(201, PolicyRead.model_validate(kept))


def _who_offers(caller: Caller, clerk: str | None) -> str | None:
    """None when nobody is at the counter; empty when a machine asks for the customer's own clerk."""
    if caller.role not in HALL_ROLES or not caller.may("recommendations:write"):
        return None
    return clerk or "" if caller.role == "pos" else caller.subject
