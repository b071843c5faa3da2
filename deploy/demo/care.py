"""What the demo's clerks did for their customers: contacts as their tiers ask for, offers and what came of them.

The services' own use cases on the days of the past, as in `history`; a chunk of customers is one transaction.
"""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.customer.activations import usecases as activations
from services.customer.archive import repository as archive
from services.customer.archive.models import Customer
from services.customer.consent.rules import Evidence
from services.customer.products import repository as products
from services.customer.recommendations import usecases as recommendations
from services.customer.recommendations.models import Recommendation
from services.customer.tiers import usecases as tiers
from services.customer.touches import repository as touch_records
from services.customer.touches import usecases as touches
from services.customer.touches.models import Touch
from services.customer.touches.rules import Cadence
from shared import clock
from shared.database import Database
from shared.security.tenancy import Area

CHUNK = 200
EVERYWHERE = Area.everything()
OFFERED_OF_HUNDRED = 15
ACTIVATED_OF_ACCEPTED = 0.7
ANSWERS = ("accepted", "accepted", "declined", "declined", "declined", None)
DECLINED_BECAUSE = ("price", "not_needed", "has_similar", "later", "no_time")
NOTES = ("问候近况，告知缴费优惠", "咨询资费，已解释清楚", "提醒流量即将用完", "办理业务后顺便问候")
Say = Callable[[str], None]


async def load(database: Database, now: datetime, say: Say) -> None:
    """Go on where an earlier load was broken off: a chunk that has contacts is done."""
    say("正在评定客户等级、补记回访和推荐……")
    await _all(database, tiers.rate_customers, now)
    customers = await _customers(database)
    for start in range(0, len(customers), CHUNK):
        chunk = customers[start : start + CHUNK]
        chance = random.Random(f"care-{start}")
        async with database.transaction() as session:
            if await _is_done(session, chunk):
                continue
            await _contact(session, chunk, chance, now)
        await _offer(database, chunk, chance, now)
    await _all(database, touches.open_follow_ups, now)


async def _all(database: Database, work: Callable[..., object], now: datetime) -> None:
    more: object = True
    while more:
        async with database.transaction() as session:
            more = await work(session, now=now)  # type: ignore[misc]


async def _customers(database: Database) -> list[Customer]:
    found: list[Customer] = []
    async with database.reading() as session:
        while chunk := await archive.customers_after(session, found[-1].id if found else None, 500):
            found += chunk
    return found


async def _is_done(session: AsyncSession, customers: Sequence[Customer]) -> bool:
    query = sa.select(Touch.id).where(col(Touch.customer_id).in_([customer.id for customer in customers]))  # type: ignore[call-overload]
    return (await session.scalars(query.limit(1))).first() is not None


async def _contact(
    session: AsyncSession, customers: Sequence[Customer], chance: random.Random, now: datetime
) -> None:
    """The last contact of each: most in time, some due about now, a few long overdue."""
    cadences = (await touch_records.plan(session)).cadences
    for customer in customers:
        at = _hours_open(now - _gap(cadences[customer.tier][0], chance), chance)
        if at <= customer.archived_at or at > now:
            continue
        kind = chance.choice(("visit", "call", "call", "counter"))
        command = touches.LogTouch(
            EVERYWHERE, customer.id, kind, customer.clerk, at, customer.clerk, chance.choice(NOTES)
        )
        await touches.log_touch(session, command, now=at)


def _gap(cadence: Cadence, chance: random.Random) -> timedelta:
    """How long ago the last contact was."""
    target, longest = cadence.target_days, cadence.max_days
    shortest, most = chance.choices(
        ((0, target - 2), (target - 1, target + 1), (target + 1, longest), (longest + 1, longest + 12)),
        (84, 8, 5, 3),
    )[0]
    return timedelta(days=chance.randint(shortest, max(most, shortest)))


def _hours_open(at: datetime, chance: random.Random) -> datetime:
    local = at.astimezone(clock.SHANGHAI)
    return local.replace(hour=chance.randint(9, 17), minute=chance.randrange(60), second=0, microsecond=0)


async def _offer(
    database: Database, customers: Sequence[Customer], chance: random.Random, now: datetime
) -> None:
    for customer in customers:
        at = _hours_open(now - timedelta(days=chance.randint(1, 45)), chance)
        if chance.randrange(100) >= OFFERED_OF_HUNDRED or at <= customer.archived_at:
            continue
        async with database.transaction() as session:
            command = recommendations.LookAtCustomer(EVERYWHERE, customer.id, customer.clerk)
            look = await recommendations.look_at_customer(session, command, now=at)
            recommendations.show(session, look)
        answer = chance.choice(ANSWERS)
        if answer is None or not look.new:
            continue
        reason = chance.choice(DECLINED_BECAUSE) if answer == "declined" else None
        async with database.transaction() as session:
            said = recommendations.AnswerRecommendation(
                EVERYWHERE, look.new[0].id, answer, reason, customer.clerk
            )
            await recommendations.answer_recommendation(session, said, now=at + timedelta(minutes=5))
        if answer == "accepted" and chance.random() < ACTIVATED_OF_ACCEPTED:
            await _activate(database, look.new[0], customer, at + timedelta(minutes=20))


async def _activate(database: Database, offer: Recommendation, customer: Customer, at: datetime) -> None:
    async with database.transaction() as session:
        product = await products.get_product(session, offer.product)
        command = activations.RecordActivation(
            EVERYWHERE, customer.id, offer.product, product.price_fen,
            Evidence("signature", f"YW-{offer.id.hex[-10:].upper()}"), customer.clerk, customer.clerk, at, offer.id,
        )  # fmt: skip
        await activations.record_activation(session, command, now=at)
