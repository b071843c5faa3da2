"""The look at a customer: the same few statements for everybody, whatever is known of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.customer.archive.models import Customer
from services.customer.recommendations import usecases
from services.customer.recommendations.repository import Look
from services.customer.recommendations.usecases import AnswerRecommendation, LookAtCustomer
from shared import clock
from shared.database import Database
from shared.events.complaints import ComplaintClosed, ComplaintOpened, ComplaintRated
from shared.runtime import Runtime
from shared.security.tenancy import Area
from tests.customer.customers import a_customer
from tests.customer.offers import a_ticket, hear, the_halls_are

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]
EVERYWHERE = Area.everything()
MOST_STATEMENTS = 1


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append(statement)

    engine = database.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(engine, "before_cursor_execute", note)


async def looks(database: Database, customer: Customer) -> tuple[Look, int]:
    with statements_of(database) as asked:
        async with database.transaction() as session:
            command = LookAtCustomer(EVERYWHERE, customer.id, "ZZ0101")
            look = await usecases.look_at_customer(session, command, now=clock.now())
    return look, len(asked)


async def test_a_look_takes_the_same_few_statements_whatever_is_known_of_the_customer(
    database: Database, runtime: Runtime
) -> None:
    await the_halls_are(database, "idle")
    new, known = (
        await a_customer(database, runtime.phones),
        await a_customer(database, runtime.phones, "13908320002"),
    )
    for _ in range(4):
        ticket, at = uuid4(), clock.now() - timedelta(days=3)
        await hear(
            database,
            *(
                a_ticket(kind, known, version, ticket, at=at)
                for kind, version in ((ComplaintOpened, 1), (ComplaintRated, 3), (ComplaintClosed, 4))
            ),
        )
    for customer in (new, known):  # products, policy, codes and scripts are remembered from here on
        await looks(database, customer)
    first, statements = await looks(database, new)
    second, as_many = await looks(database, known)
    assert (len(first.new), len(second.new)) == (3, 3)
    assert second.issue is not None
    assert statements == as_many <= MOST_STATEMENTS


async def test_what_was_shown_is_kept_with_its_order_and_answers(
    database: Database, runtime: Runtime
) -> None:
    await the_halls_are(database, "idle")
    customer = await a_customer(database, runtime.phones)
    look, _ = await looks(database, customer)
    async with database.transaction() as session:
        usecases.show(session, look)
    command = AnswerRecommendation(EVERYWHERE, look.new[1].id, "declined", "price", "ZZ0101")
    async with database.transaction() as session:
        await usecases.answer_recommendation(session, command, now=clock.now())
    for _ in range(3):
        ticket = uuid4()
        await hear(
            database,
            a_ticket(ComplaintRated, customer, 3, ticket),
            a_ticket(ComplaintClosed, customer, 4, ticket),
        )
    await looks(database, customer)
    again, statements = await looks(database, customer)
    assert [(one.recommendation.rank, one.outcome is not None) for one in again.everything()] == [
        (1, False), (2, True), (3, False),
    ]  # fmt: skip
    assert (list(again.new), statements) == ([], 1)
