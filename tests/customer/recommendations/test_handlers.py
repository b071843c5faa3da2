"""Settled contacts become opportunities: in any order of topics, once each, and only when they ended well (T8)."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.customer.archive import usecases as archive
from services.customer.archive.models import CustomerOffer
from services.customer.recommendations import repository, usecases
from services.customer.recommendations.models import Opportunity, Recommendation
from services.customer.recommendations.usecases import LookAtCustomer
from shared import clock
from shared.database import Database
from shared.events.complaints import (
    ComplaintClosed,
    ComplaintMerged,
    ComplaintOpened,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
)
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Area
from tests.customer.customers import a_command, a_customer
from tests.customer.offers import a_ticket, days_ago, hear, only_these_products, the_halls_are

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]
EVERYWHERE = Area.everything()


async def in_line(database: Database, area: Area = EVERYWHERE) -> Sequence[UUID]:
    async with database.reading() as session:
        page = await usecases.opportunities(session, area, PageRequest(), clerk=None, now=clock.now())
    return [waiting.opportunity.ticket_id for waiting in page.items]


async def test_a_good_end_is_one_opportunity_whatever_is_heard_first_and_how_often(
    database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    story = [(ComplaintOpened, 1), (ComplaintResolved, 2), (ComplaintRated, 3), (ComplaintClosed, 4)]
    tickets = []
    for order in permutations(story):
        tickets.append(ticket := uuid4())
        events = [a_ticket(kind, customer, version, ticket) for kind, version in order]
        await hear(database, *events, events[0])
    assert sorted(await in_line(database)) == sorted(tickets)


@pytest.mark.parametrize(
    "story",
    [
        [(ComplaintResolved, 2, {})],
        [(ComplaintResolved, 2, {}), (ComplaintClosed, 3, {"reason": "no_answer"})],
        [(ComplaintResolved, 2, {}), (ComplaintRated, 3, {"good": False, "score": 1})],
        [(ComplaintRated, 3, {}), (ComplaintClosed, 4, {}), (ComplaintReopened, 5, {"cycle": 2})],
        [(ComplaintRated, 3, {}), (ComplaintReopened, 5, {"cycle": 2}), (ComplaintResolved, 6, {"cycle": 2})],
        [(ComplaintRated, 3, {}), (ComplaintMerged, 4, {})],
        [(ComplaintRated, 3, {}), (ComplaintClosed, 4, {"reason": "withdrawn"})],
        [(ComplaintRated, 3, {"at": days_ago(40)}), (ComplaintClosed, 4, {"at": days_ago(40)})],
        [(ComplaintRated, 3, {"customer_id": None}), (ComplaintClosed, 4, {"customer_id": None})],
    ],
)
async def test_any_other_end_is_none_in_any_order(
    database: Database, runtime: Runtime, story: list[tuple[type[Any], int, dict[str, Any]]]
) -> None:
    customer = await a_customer(database, runtime.phones)
    for order in permutations(story):
        ticket = uuid4()
        await hear(database, *(a_ticket(kind, customer, v, ticket, **facts) for kind, v, facts in order))
    assert await in_line(database) == []


async def test_an_opportunity_goes_where_the_customer_goes(database: Database, runtime: Runtime) -> None:
    customer, ticket = await a_customer(database, runtime.phones), uuid4()
    await hear(
        database,
        a_ticket(ComplaintRated, customer, 3, ticket),
        a_ticket(ComplaintClosed, customer, 4, ticket),
    )
    mine, theirs = Area("zizhong", "ZZ01"), Area("zizhong", "ZZ02")
    assert (await in_line(database, mine), await in_line(database, theirs)) == ([ticket], [])
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE customers SET hall = 'ZZ02', clerk = 'ZZ0201'"))
    assert (await in_line(database, mine), await in_line(database, theirs)) == ([], [ticket])


async def test_erasing_a_customer_leaves_counts_and_nothing_personal(
    database: Database, runtime: Runtime
) -> None:
    await the_halls_are(database, "idle")
    await only_these_products(database, {"code": "X-1"}, {"code": "X-2"})
    now, customer, ticket = clock.now(), await a_customer(database, runtime.phones), uuid4()
    await hear(
        database,
        a_ticket(ComplaintRated, customer, 3, ticket),
        a_ticket(ComplaintClosed, customer, 4, ticket),
    )
    async with database.transaction() as session:
        await archive.register_customer(session, a_command(runtime.phones, "13908320002"), now=now)
    async with database.transaction() as session:
        look = await usecases.look_at_customer(
            session, LookAtCustomer(EVERYWHERE, customer.id, "ZZ0101"), now=now
        )
        usecases.show(session, look)
    command = usecases.AnswerRecommendation(EVERYWHERE, look.new[0].id, "declined", "家里人不让", "ZZ0101")
    async with database.transaction() as session:
        await usecases.answer_recommendation(session, command, now=now)
    async with database.reading() as session:
        everything = await repository.everything_about(session, customer.id)
    assert [(r["product"], r.get("note")) for r in everything["recommendations"]] == [
        ("X-1", "家里人不让"),
        ("X-2", None),
    ]
    async with database.transaction() as session:
        await repository.erase_customers(session, [customer.id])
    async with database.reading() as session:
        everything = await repository.everything_about(session, customer.id)
        left = [
            (await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            for table in (Recommendation, Opportunity, CustomerOffer)
        ]
    assert left == [2, 0, 0]
    assert [(r["reasons"], r.get("note")) for r in everything["recommendations"]] == [([], None), ([], None)]
