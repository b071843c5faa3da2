"""Three months of SMS and tickets for the demo's customers.

Nothing is made up past the rules: the services' own handlers and use cases run with the clock of the day on which it
all happened, and every event leaves through their outboxes. Only the gateway is not asked; its answers are supplied.
"""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.organisation import CUSTOMERS, DAYS, HALLS
from services.complaints.callbacks import usecases as callbacks
from services.complaints.customers.handlers import HANDLERS as COMPLAINTS_CUSTOMERS
from services.complaints.directory.handlers import HANDLERS as COMPLAINTS_DIRECTORY
from services.complaints.tickets import usecases as tickets
from services.complaints.tickets.models import Actor, Ticket
from services.complaints.tickets.rules import Action
from services.customer.archive import repository as archive
from services.customer.consent import repository as consent_ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.models import Consent
from services.customer.directory import repository as directory
from services.messaging.audience.handlers import HANDLERS as MESSAGING_AUDIENCE
from services.messaging.messages import usecases as messages
from services.messaging.messages.models import Message
from services.messaging.messages.rules import Answer
from services.messaging.planning.usecases import introduce, notify
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from shared import clock, ids
from shared.consumer import Delivery, Handlers, merge
from shared.database import Database
from shared.events.base import Envelope, Event
from shared.events.complaints import ComplaintOpened, ComplaintResolved
from shared.events.customer import CustomerUpdated
from shared.events.registry import EVENTS
from shared.security.tenancy import Area

CHUNK = 500
TICKETS = CUSTOMERS * 9 // 100
ENQUIRIES_OF_TEN, FAILURES_OF_HUNDRED = 6, 2
USEFUL = (
    "本周有雨降温，出门请带伞添衣。",
    "今日起城区部分路段施工，请留意改道指引。",
    "流感多发，公共场所请做好防护。",
    "谨防冒充客服的诈骗电话，验证码不要告诉他人。",
    "节前返乡客流较大，购票请提前安排。",
    "雾天高速可能管制，出行前请查询路况。",
)
COMPLAINTS = (
    ("tariff_doubt", "对套餐外流量费有疑问", "tariff_doubt"),
    ("network", "家中信号弱，通话断续", "network"),
    ("unauthorised_activation", "称未同意开通彩铃业务", "unauthorised_activation"),
    ("sms_nuisance", "反映收到短信过多", "sms_nuisance"),
)
ENQUIRIES = ("咨询流量套餐资费", "咨询补卡手续", "咨询宽带办理", "咨询积分兑换")
PORTFOLIO = merge(MESSAGING_AUDIENCE), merge(COMPLAINTS_DIRECTORY, COMPLAINTS_CUSTOMERS)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What happened to tickets, as messaging will hear it, with the day."""

    event: ComplaintOpened | ComplaintResolved
    at: datetime


async def load(databases: dict[str, Database], now: datetime, say: Say) -> None:
    """Load what is missing of the history; the customers are there."""
    customers = [event async for event in _tell_who_is_there(databases)]
    say(f"正在补记三个月的咨询和投诉：{TICKETS} 张工单……")
    told = await _load_tickets(databases["complaints"], customers, now)
    await _load_messages(databases["messaging"], customers, told, now, say)


async def _tell_who_is_there(databases: dict[str, Database]) -> AsyncIterator[CustomerUpdated]:
    """Halls, clerks and customers to the services that keep copies, ahead of the bus."""
    async with databases["customer"].reading() as session:
        halls = [hall.announced(name) for hall, name in await directory.halls_after(session, "", CHUNK)]
        clerks = [clerk.announced() for clerk in await directory.clerks_after(session, "", CHUNK)]
    await _tell(databases, [*halls, *clerks])
    after: UUID | None = None
    while True:
        async with databases["customer"].reading() as session:
            found = await archive.customers_after(session, after, CHUNK)
            entries = await consent_ledger.entries_of(session, *(customer.id for customer in found))
        if not found:
            return
        after = found[-1].id
        said: defaultdict[UUID, list[Consent]] = defaultdict(list)
        for entry in entries:
            said[entry.customer_id].append(entry)
        snapshots = [c.updated(consent_rules.in_force(said[c.id]), c.recorded_at) for c in found]
        await _tell(databases, snapshots)
        for snapshot in snapshots:
            yield snapshot


async def _tell(databases: dict[str, Database], events: Sequence[Event]) -> None:
    for service, handlers in zip(("messaging", "complaints"), PORTFOLIO, strict=True):
        async with databases[service].transaction() as session:
            await _hear(session, handlers, events)


async def _hear(session: AsyncSession, handlers: Handlers, events: Sequence[Event]) -> None:
    """What the consumer would do with these events, once they had come over the bus."""
    by_kind: defaultdict[type[Event], list[Delivery[Any]]] = defaultdict(list)
    for event in events:
        envelope = Envelope(
            ids.uuid7(), "/customer", event.topic, event.occurred_at, event.key, event.version
        )
        by_kind[type(event)].append(Delivery(event, envelope, event.occurred_at))
    for kind, deliveries in by_kind.items():
        for handler in handlers.get(kind, ()):
            await handler(session, deliveries)


async def _load_tickets(
    database: Database, customers: Sequence[CustomerUpdated], now: datetime
) -> list[Told]:
    """All tickets in one transaction: it is there, or it is not."""
    chance = random.Random("tickets")
    settled = [c for c in customers if c.archived_at < now - timedelta(days=5)]
    chosen = chance.sample(settled, min(TICKETS, len(settled)))
    async with database.transaction() as session:
        if await session.scalar(sa.select(sa.func.count()).select_from(Ticket)):
            return []
        for customer in chosen:
            await _live_through_a_ticket(session, customer, chance, now)
        return _told(session)


async def _live_through_a_ticket(
    session: AsyncSession, customer: CustomerUpdated, chance: random.Random, now: datetime
) -> None:
    """Opened, answered, settled, closed and called back, a few of them late."""
    at = customer.archived_at + (now - timedelta(days=4) - customer.archived_at) * chance.random()
    enquiry, by = chance.randrange(10) < ENQUIRIES_OF_TEN, Actor(customer.clerk, "clerk")
    category, summary, cause = chance.choice(COMPLAINTS)
    everywhere = Area.everything()
    command = tickets.OpenTicket(
        area=everywhere, by=by, kind="enquiry" if enquiry else "complaint",
        category="enquiry" if enquiry else category, source=chance.choice(("counter", "hall_phone")),
        hall=customer.hall, summary=chance.choice(ENQUIRIES) if enquiry else summary,
        received_at=at, customer_id=customer.customer_id,
    )  # fmt: skip
    case = await tickets.open_ticket(session, command, now=at)
    hours = chance.choice((0.2, 0.5, 1, 2, 30 if not enquiry else 3))
    moves: list[tuple[float, dict[str, Any]]] = [
        *([] if enquiry else [(0.1, {"action": Action("assign"), "handler": customer.clerk})]),
        (hours, {"action": Action("respond")}),
        (
            hours + 2,
            {"action": Action("resolve")} | ({} if enquiry else {"cause": cause, "remedy": "answered"}),
        ),
        (hours + 3, {"action": Action("close")}),
    ]
    for after, move in moves:
        step = tickets.MoveTicket(everywhere, by, case.ticket.id, **move)
        await callbacks.move_ticket(session, step, now=at + timedelta(hours=after))
    rater = Actor(f"{customer.hall}01", "hall_manager")
    score = chance.choices((5, 4, 3, 2), (6, 3, 1, 0 if enquiry else 1))[0]
    back = callbacks.CallBack(everywhere, rater, case.ticket.id, max(score, 3), None, 3)
    await callbacks.call_back(session, back, now=at + timedelta(hours=hours + 30))


def _told(session: AsyncSession) -> list[Told]:
    """The events of this transaction that messaging answers with an SMS."""
    rows = [
        row for row in session.info["outbox"] if row["topic"] in ("complaint.opened", "complaint.resolved")
    ]
    events = [EVENTS[row["topic"]].from_json(row["value"]) for row in rows]
    return [Told(e, e.occurred_at) for e in events if isinstance(e, ComplaintOpened | ComplaintResolved)]


async def _load_messages(
    database: Database, customers: Sequence[CustomerUpdated], told: Sequence[Told], now: datetime, say: Say
) -> None:
    """Day by day: introductions two to four days on, one or two service SMS a month, the notices of tickets."""
    chance = random.Random("messages")
    introduced, useful = _calendar(customers, chance, now)
    for day in range(DAYS):
        at = (now - timedelta(days=DAYS - day)).astimezone(clock.SHANGHAI).replace(hour=10)
        if at > now - timedelta(hours=1):
            break
        heard = [t for t in told if t.at <= at]
        told = [t for t in told if t.at > at]
        async with database.transaction() as session:
            await introduce.plan_intros(session, introduced[day], now=at)
            intents = [_service(c, at, chance) for c in useful[day]]
            await plan_messages(session, intents, now=at)
            for one in heard:
                await _notify(session, one)
            await _deliver(session, at, chance)
        if day % 15 == 14:
            say(f"正在补记短信往来：第 {day + 1} / {DAYS} 天")


def _calendar(
    customers: Sequence[CustomerUpdated], chance: random.Random, now: datetime
) -> tuple[dict[int, list[UUID]], dict[int, list[CustomerUpdated]]]:
    """On which day of the ninety who is introduced, and who gets something useful to read."""
    introduced: defaultdict[int, list[UUID]] = defaultdict(list)
    useful: defaultdict[int, list[CustomerUpdated]] = defaultdict(list)
    begin = now - timedelta(days=DAYS)
    for customer in customers:
        # Two days on is after the consent at whatever hour it was given: sending is at ten in the morning.
        first = (customer.archived_at - begin).days + chance.choice((2, 2, 3, 4))
        introduced[first].append(customer.customer_id)
        for month in range(3):
            day = first + 8 + 30 * month + chance.randrange(15)
            useful[day].append(customer)
    return introduced, useful


def _service(customer: CustomerUpdated, at: datetime, chance: random.Random) -> Intent:
    return Intent(
        template="service",
        message_class="service",
        cause="monthly-service",
        period=f"{at:%Y-%m-%d}",
        customer_id=customer.customer_id,
        hall=customer.hall,
        county=HALLS[customer.hall][0],
        params={"content": chance.choice(USEFUL)},
    )


async def _notify(session: AsyncSession, told: Told) -> None:
    if isinstance(told.event, ComplaintOpened):
        await notify.notify_complaint_received(session, told.event, now=told.at)
    else:
        await notify.notify_complaint_settled(session, told.event, now=told.at)


async def _deliver(session: AsyncSession, at: datetime, chance: random.Random) -> None:
    """Hand what is queued to a gateway that took it at once; a few never arrive."""
    await session.flush()
    queued = (await session.scalars(sa.select(Message).where(sa.column("status") == "queued"))).all()
    for message in queued:
        message.claim(ids.uuid7(), at + timedelta(minutes=1), now=at)
    await session.flush()
    heard = []
    for message in queued:
        failed = chance.randrange(100) < FAILURES_OF_HUNDRED
        gateway, seconds = message.gateway or "simulator", timedelta(seconds=chance.uniform(1, 20))
        end = Answer("failed", at + seconds, code="UNDELIV") if failed else Answer("delivered", at + seconds)
        heard += [
            messages.Heard(
                message.id, gateway, "submit", Answer("accepted", at), f"history-{message.id.hex}"
            ),
            messages.Heard(message.id, gateway, "receipt", end),
        ]
    await messages.record_answers(session, heard, now=at)
