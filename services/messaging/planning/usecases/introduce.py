"""The introduction within seven days of storing the number (M1), and the miss that is said once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience.models import Customer
from services.messaging.messages import repository as store
from services.messaging.messages import usecases as messages
from services.messaging.planning import repository, rules
from services.messaging.planning.usecases.decide import decide
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.suppression import repository as suppression
from shared import outbox

TEMPLATE = "intro"


async def plan_intros(session: AsyncSession, customer_ids: Iterable[UUID], *, now: datetime) -> None:
    """One introduction for ever to each of these customers who agreed to service SMS."""
    ids = list(dict.fromkeys(customer_ids))
    customers = await repository.customers_to_introduce(session, ids)
    standings = await suppression.standings(session, [c.id for c in customers])
    agreed = {id_: s.words["service_sms"].at for id_, s in standings.items()}
    await plan_messages(session, [_intent(c, agreed[c.id]) for c in customers], now=now)


async def complete_planned(session: AsyncSession, customer_ids: Sequence[UUID], *, now: datetime) -> None:
    """Decide about what was waiting for these customers to become known."""
    waiting = await store.waiting_of_customers(session, customer_ids)
    await decide(session, [m for m in waiting if m.status == "planned"], now=now)


async def complete_planned_of_halls(session: AsyncSession, halls: Iterable[str], *, now: datetime) -> None:
    """Decide about what was waiting for these halls to become known."""
    await decide(session, await store.planned_of_halls(session, halls), now=now)


async def give_up_planned(session: AsyncSession, *, before: datetime, now: datetime, limit: int) -> bool:
    """Keep back what has waited too long for a customer or hall; True when there may be more."""
    waiting = await store.planned_before(session, before, limit)
    await messages.suppress(session, [(m, "not-archived") for m in waiting], now=now)
    return len(waiting) == limit


async def move_deadlines(session: AsyncSession, stored: dict[UUID, datetime], *, now: datetime) -> None:
    """The number was stored later than we knew: the seven days begin there."""
    for message in await repository.intros_with_deadline(session, stored):
        if message.customer_id is not None and message.deadline is not None:
            moved = rules.intro_deadline(stored[message.customer_id], now, None)
            message.deadline = message.due_at = moved


async def miss_overdue(session: AsyncSession, *, now: datetime, limit: int) -> bool:
    """Say what was not sent by its deadline, with the cause, once; end what still waits. True for more."""
    overdue = await store.overdue(session, now, limit)
    for message in overdue:
        event = message.miss(now=now)
        if event is not None:
            outbox.add(session, event)
    await messages.expire(session, overdue, "deadline-passed", now=now)
    return len(overdue) == limit


def _intent(customer: Customer, agreed_at: datetime) -> Intent:
    archived_at = customer.archived_at or agreed_at
    return Intent(
        template=TEMPLATE,
        message_class="intro",
        cause="customer.registered",
        customer_id=customer.id,
        hall=customer.hall,
        county=customer.county,
        deadline=rules.intro_deadline(customer.number_stored_at, archived_at, agreed_at),
    )
