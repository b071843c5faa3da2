"""Plans over HTTP: written by hall and month, approved by another, and the month's coverage."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.plans import repository
from services.messaging.plans.models import Plan
from services.messaging.plans.schemas import (
    HallCode,
    HallMonthRead,
    Month,
    MonthApproval,
    PlanPatch,
    PlanRead,
    Plans,
    PlansCreate,
)
from services.messaging.plans.usecases import decide_plan
from services.messaging.plans.usecases.decide_plan import RevisePlan
from services.messaging.plans.usecases.show_month import rules_of, show_month
from services.messaging.plans.usecases.write_plans import WritePlans, write_plans
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/messaging/v1/plans", tags=["plans"])

Reader = Annotated[Caller, requires("campaigns:read")]
Writer = Annotated[Caller, requires("campaigns:write")]
Approver = Annotated[Caller, requires("campaigns:approve")]


@router.get("")
async def list_plans(
    here: Here,
    caller: Reader,
    page: PageQuery,
    month: Annotated[Month | None, Query(description="默认本月")] = None,
    hall: Annotated[HallCode | None, Query()] = None,
) -> Page[HallMonthRead]:
    """By hall: its plans, where everybody of them is, and how many customers had none of each class this month."""
    asked = month or clock.month_of(clock.now())
    async with here.database.reading() as session:
        halls = await repository.halls_page(session, caller.area, page, hall)
        months, rules = await show_month(session, halls.items, asked), await rules_of(session, asked)
    items = [
        HallMonthRead.of(m.hall, asked, m.coverage, [PlanRead.of(plan, rules, p) for plan, p in m.plans])
        for m in months
    ]
    return Page(items=items, next_cursor=halls.next_cursor)


@router.post("", status_code=201, response_model=Plans)
async def write(body: PlansCreate, once: Once, caller: Writer) -> Response:
    """Drafts for the halls that have none for the occasion yet; those are the answer."""
    command = WritePlans(
        area=caller.area, author=caller.subject, message_class=body.message_class, occasion=body.occasion,
        template=body.template, params=body.params, halls=body.halls,
    )  # fmt: skip
    async with once.transaction() as session:
        written = await write_plans(session, command, now=clock.now())
        return once.answer(201, await _shown(session, written))


@router.post("/approvals", response_model=Plans)
async def approve_month(body: MonthApproval, once: Once, caller: Approver) -> Response:
    """Approve every draft of the month that somebody else wrote; those are the answer."""
    async with once.transaction() as session:
        approved = await decide_plan.approve_month(
            session, body.month, caller.area, caller.subject, now=clock.now()
        )
        return once.answer(200, await _shown(session, approved))


@router.get("/{plan_id}")
async def get_plan(plan_id: UUID, here: Here, caller: Reader, response: Response) -> PlanRead:
    async with here.database.reading() as session:
        plan = await repository.get_plan(session, plan_id, caller.area)
        (shown,) = (await _shown(session, [plan])).items
    response.headers["etag"] = etag(plan.version)
    return shown


@router.patch("/{plan_id}")
async def revise_plan(
    plan_id: UUID, body: PlanPatch, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> PlanRead:
    """Change a draft; whoever changes it is its author and cannot approve it."""
    async with here.database.transaction() as session:
        plan = await repository.get_plan(session, plan_id, caller.area, lock=True)
        if_match.check(plan.version)
        await decide_plan.revise_plan(session, RevisePlan(plan, caller.subject, body.template, body.params))
        (shown,) = (await _shown(session, [plan])).items
    response.headers["etag"] = etag(plan.version)
    return shown


@router.post("/{plan_id}/approval", response_model=PlanRead)
async def approve_plan(plan_id: UUID, once: Once, caller: Approver) -> Response:
    """By somebody other than the author; from then on it is laid out when its time comes."""
    async with once.transaction() as session:
        plan = await decide_plan.approve_plan(session, plan_id, caller.area, caller.subject, now=clock.now())
        (shown,) = (await _shown(session, [plan])).items
        return once.answer(200, shown, etag=plan.version)


@router.post("/{plan_id}/cancellation", response_model=PlanRead)
async def cancel_plan(plan_id: UUID, once: Once, caller: Writer) -> Response:
    """For good: customers whose turn has not come get nothing."""
    async with once.transaction() as session:
        plan = await decide_plan.cancel_plan(session, plan_id, caller.area)
        (shown,) = (await _shown(session, [plan])).items
        return once.answer(200, shown, etag=plan.version)


async def _shown(session: AsyncSession, plans: Sequence[Plan]) -> Plans:
    await session.flush()
    progress = await repository.progress_of(session, [plan.id for plan in plans])
    rules = {plan.month: await rules_of(session, plan.month) for plan in plans}
    return Plans(items=[PlanRead.of(plan, rules[plan.month], progress[plan.id]) for plan in plans])
