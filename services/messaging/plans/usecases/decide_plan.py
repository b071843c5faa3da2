"""Changing, approving and cancelling plans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.plans import repository
from services.messaging.plans.models import Plan
from services.messaging.plans.usecases.write_plans import check_content
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class RevisePlan:
    """Other words for a draft; what is None stays."""

    plan: Plan
    by: str
    template: str | None
    params: Mapping[str, str] | None


async def revise_plan(session: AsyncSession, command: RevisePlan) -> None:
    """Raises PlanState once it is approved, TemplateNotFound, PlanInvalid, ParamsInvalid."""
    plan = command.plan
    template = command.template or plan.template_code
    params = plan.params if command.params is None else command.params
    await check_content(session, plan.message_class, template, params)
    plan.revise(template, params, command.by)


async def approve_plan(
    session: AsyncSession, plan_id: UUID, area: Area, approver: str, *, now: datetime
) -> Plan:
    """Raises PlanNotFound, PlanState, PlanApproverIsAuthor."""
    plan = await repository.get_plan(session, plan_id, area, lock=True)
    plan.approve(approver, now=now)
    return plan


async def approve_month(
    session: AsyncSession, month: str, area: Area, approver: str, *, now: datetime
) -> Sequence[Plan]:
    """Approve every draft of the month that somebody else wrote."""
    drafts = [p for p in await repository.drafts_of(session, month, area) if p.author != approver]
    for plan in drafts:
        plan.approve(approver, now=now)
    return drafts


async def cancel_plan(session: AsyncSession, plan_id: UUID, area: Area) -> Plan:
    """For good; whose turn has come stays as it is. Raises PlanNotFound, PlanState."""
    plan = await repository.get_plan(session, plan_id, area, lock=True)
    plan.cancel()
    await repository.drop_waiting(session, plan.id)
    return plan
