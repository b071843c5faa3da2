"""What the halls of an area planned for a month, where everybody is, and who had nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience.models import Hall
from services.messaging.budget import repository as budget
from services.messaging.budget.rules import Rule, rules_on
from services.messaging.plans import repository
from services.messaging.plans.models import Plan
from services.messaging.plans.rules import HOLIDAY, SERVICE, Coverage, Progress, days_of_month


@dataclass(frozen=True, slots=True)
class HallMonth:
    """One hall's month."""

    hall: Hall
    plans: Sequence[tuple[Plan, Progress]]
    coverage: Mapping[str, Coverage]


async def show_month(session: AsyncSession, halls: Sequence[Hall], month: str) -> list[HallMonth]:
    """Each of these halls, also those without a plan."""
    codes = [hall.code for hall in halls]
    plans = await repository.plans_of(session, codes, month)
    progress = await repository.progress_of(session, [plan.id for plan in plans])
    covered = {c: await repository.coverage_of(session, codes, month, c) for c in (SERVICE, HOLIDAY)}
    return [
        HallMonth(
            hall,
            [(plan, progress[plan.id]) for plan in plans if plan.hall == hall.code],
            {name: by_hall.get(hall.code, Coverage()) for name, by_hall in covered.items()},
        )
        for hall in halls
    ]


async def rules_of(session: AsyncSession, month: str) -> Mapping[str, Rule]:
    """The settings at the month's end."""
    return rules_on(await budget.all_rules(session), days_of_month(month)[1])
