"""What the tests of offers need: a hall that is busy or idle today, tickets that are heard, products of their own."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from services.customer.archive.models import Customer
from services.customer.directory.models import Hall
from services.customer.products import repository as products
from services.customer.products.models import Product
from services.customer.worker import HANDLERS
from shared import clock
from shared.consumer import Delivery
from shared.database import Database
from shared.events.base import Envelope, Event
from tests.customer.customers import NOW

EVERYBODY: dict[str, Any] = {"must": [], "likes": []}


async def the_halls_are(database: Database, state: str) -> None:
    """Busy the whole month, or on another day than today."""
    today = clock.business_date(clock.now()).day
    first, last = (1, 31) if state == "busy" else (today % 28 + 1,) * 2
    async with database.transaction() as session:
        await session.execute(sa.update(Hall).values(busy_from_day=first, busy_to_day=last))


async def only_these_products(database: Database, *wanted: dict[str, Any]) -> None:
    """On offer are these products and no others."""
    async with database.transaction() as session:
        await session.execute(sa.delete(Product))
        for facts in wanted:
            product, _ = Product.launch(facts["code"], a_product(**facts), by="office", now=NOW)
            session.add(product)
    products.forget_offers()


def a_product(**facts: Any) -> dict[str, Any]:
    usual = {
        "code": "X-1", "name": "业务一", "selling_points": ["好用"], "audience": EVERYBODY, "price_fen": 1000,
        "charged": "monthly", "quick": True, "priority": 50, "valid_from": NOW.date().replace(month=1, day=1),
    }  # fmt: skip
    return {**usual, **facts}


async def hear(database: Database, *events: Event) -> None:
    """As the service's consumer does: every handler of the service, bulk ones by list."""
    for event in events:
        envelope = Envelope(uuid4(), "/test", event.topic, NOW, event.key, event.version)
        async with database.transaction() as session:
            for handler in HANDLERS[type(event)]:
                delivery: Any = Delivery(event, envelope, clock.now())
                await handler(session, [delivery] if getattr(handler, "bulk", False) else delivery)


def a_ticket(
    kind: type[Any], customer: Customer, version: int, ticket: UUID, *, cycle: int = 1, **facts: Any
) -> Any:
    at = facts.pop("at", clock.now() - timedelta(days=1))
    usual = {
        "version": version, "occurred_at": at, "ticket_id": ticket, "number": "ZZ01-1", "kind": "complaint",
        "category": "tariff_doubt", "source": "counter", "customer_id": customer.id, "hall": customer.hall,
        "county": customer.county, "received_at": at, "resolved_at": at, "cause": "tariff_doubt",
        "remedy": "explained", "clocks": (), "reopened_at": at, "reason": "settled", "closed_at": at,
        "merged_at": at, "into_ticket_id": uuid4(), "into_number": "ZZ01-2", "rated_at": at, "score": 5,
        "good": True, "cycle": cycle,
    }  # fmt: skip
    return kind(**{**usual, **facts})


def days_ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)
