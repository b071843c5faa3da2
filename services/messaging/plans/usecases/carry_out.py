"""From approved plans to messages: days given to customers in one statement, then turns in chunks."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.audience.models import Hall
from services.messaging.calendar import repository as calendar_days
from services.messaging.calendar.rules import HallCalendar
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.plans import repository, rules
from services.messaging.plans.models import Plan
from services.messaging.plans.rules import HOLIDAY
from services.messaging.plans.usecases.write_plans import FESTIVAL
from services.messaging.templates import repository as templates
from shared import clock
from shared.security.tenancy import Area

HOUSE = "system"
GREETING, WISH = "holiday", "阖家安康，万事如意"
LATE_WORD = timedelta(days=3)
"""A consent may reach this service so much later than it was given."""
KEPT = timedelta(days=62)


async def draft_greetings(session: AsyncSession, *, now: datetime) -> None:
    """A draft for every hall and festival of the coming weeks that has none; people approve or change it."""
    today = clock.business_date(now)
    until = today + rules.GREETINGS_AHEAD
    template = (await templates.approved_by_code(session, [GREETING])).get(GREETING)
    if template is None or set(template.params) != {FESTIVAL, "wish"}:
        return
    drafts = []
    noted = await calendar_days.days_between(session, today, until)
    for hall in await repository.halls_within(session, Area.everything()):
        days = HallCalendar(noted, hall.code, hall.county)
        drafts += [_greeting(hall, day, name, now) for day, name in days.festivals(today, until)]
    await repository.add_plans(session, drafts)


async def lay_out_next(session: AsyncSession, *, now: datetime, limit: int = 500) -> bool:
    """Give the customers of one occasion's plans their days, in one statement for all halls with the same days.

    Once a day again, for whoever came since. False when nothing is left to look after.
    """
    today = clock.business_date(now)
    midnight = datetime(today.year, today.month, today.day, tzinfo=clock.SHANGHAI)
    plans = await repository.next_to_lay_out(session, today, midnight, limit)
    alike: dict[tuple[bool, tuple[date, ...]], list[Plan]] = {}
    for plan, days in zip(plans, await _days_of(session, plans, today), strict=True):
        alike.setdefault((plan.laid_out_at is None, tuple(days)), []).append(plan)
    for (_, shared_days), group in alike.items():
        known = [plan.laid_out_at for plan in group if plan.laid_out_at is not None]
        if shared_days:
            await repository.lay_out(session, group, shared_days, min(known) - LATE_WORD if known else None)
        for plan in group:
            plan.laid_out(shared_days, now=now)
    return bool(plans)


async def give_turns(session: AsyncSession, *, now: datetime, limit: int) -> bool:
    """Plan the messages of the next customers whose day has come; False when nobody waits."""
    today = clock.business_date(now)
    plan = await repository.next_due(session, today)
    if plan is None:
        return False
    customers = await repository.due_customers(session, plan, today, limit)
    await plan_messages(session, _intents(plan, customers), now=now)
    await repository.mark_turned(session, plan, customers, now)
    return bool(customers)


async def drop_old_entries(session: AsyncSession, *, now: datetime, limit: int) -> bool:
    """True when there may be more."""
    return await repository.drop_before(session, clock.business_date(now - KEPT), limit) == limit


async def _days_of(session: AsyncSession, plans: Sequence[Plan], today: date) -> list[list[date]]:
    """Of each plan; they are of one occasion."""
    if not plans:
        return []
    halls = await audience.halls_by_code(session, {plan.hall for plan in plans})
    noted = await calendar_days.days_between(session, *rules.days_of_month(plans[0].month))
    return [
        _days(plan, halls[plan.hall], HallCalendar(noted, plan.hall, plan.county), today) for plan in plans
    ]


def _days(plan: Plan, hall: Hall, known: HallCalendar, today: date) -> list[date]:
    """A day that has begun is taken only when no other is left."""
    if plan.message_class == HOLIDAY:
        return rules.greeting_days(plan.closes_on, today)
    busy = hall.busy_from_day, hall.busy_to_day
    later = rules.service_days(plan.month, *busy, known, today + timedelta(days=1))
    return later or rules.service_days(plan.month, *busy, known, today)


def _intents(plan: Plan, customers: Iterable[UUID]) -> list[Intent]:
    """Whoever cannot be reached by the end of the occasion is not written to after it."""
    after = plan.closes_on + timedelta(days=1)
    deadline = datetime(after.year, after.month, after.day, tzinfo=clock.SHANGHAI)
    return [
        Intent(
            template=plan.template_code, message_class=plan.message_class, cause=f"plan:{plan.key}",
            customer_id=customer, hall=plan.hall, county=plan.county, params=plan.params, deadline=deadline,
            plan_id=plan.id,
        )
        for customer in customers
    ]  # fmt: skip


def _greeting(hall: Hall, day: date, name: str, now: datetime) -> Plan:
    return Plan.draft(
        hall=hall.code, county=hall.county, message_class=HOLIDAY, occasion=day.isoformat(), template=GREETING,
        params={FESTIVAL: name, "wish": WISH}, author=HOUSE, now=now,
    )  # fmt: skip
