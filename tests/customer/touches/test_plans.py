"""The lists that must stay fast with a million customers read indexes and nothing else, on both databases."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from services.customer.archive import repository as archive
from services.customer.archive.models import Customer
from services.customer.tiers import repository as tiers
from services.customer.tiers.models import TierRating, TierRun
from services.customer.touches import repository
from services.customer.touches.models import FollowUp
from services.customer.touches.repository import Filters
from services.customer.touches.rules import State
from shared.database import Database, insert_rows
from shared.pagination import PageRequest
from shared.security.tenancy import Area
from tests.customer.customers import NOW

pytestmark = pytest.mark.both_databases
TODAY = date(2026, 11, 25)
HALL, PAGE = Area(county="zizhong", hall="H7"), PageRequest(limit=10)
HALLS, EACH = 40, 100


@pytest.fixture
async def many(database: Database) -> Database:
    """Enough customers and follow-ups, spread over halls, that reading a whole table is never the better plan."""
    customers = [_customer(hall, number) for hall in range(HALLS) for number in range(EACH)]
    owed = [_follow_up(customer, n) for n, customer in enumerate(customers)]
    async with database.transaction() as session:
        for start in range(0, len(customers), 500):
            await insert_rows(session, Customer, customers[start : start + 500])
            await insert_rows(session, FollowUp, owed[start : start + 500])
            await insert_rows(session, TierRating, [_rating(c) for c in customers[start : start + 500]])
    tidy = "VACUUM ANALYZE" if database.dialect == "postgresql" else "ANALYZE"
    async with database.engine.connect() as connection:
        if database.dialect == "postgresql":
            await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql(tidy)
    return database


@contextmanager
def statements_of(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Every query that is sent, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def remember(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        sent.append((statement, parameters))

    engines = {database.engine.sync_engine, database._readers.sync_engine}
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", remember)
    yield sent
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", remember)


async def plans(database: Database, sent: list[tuple[str, Any]]) -> str:
    explain = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    lines = []
    async with database.engine.connect() as connection:
        for statement, parameters in sent:
            rows = (await connection.exec_driver_sql(explain + statement, parameters)).all()
            lines += [str(row[-1]) for row in rows]
    return "\n".join(lines)


def reads_no_whole_table(plan: str) -> bool:
    """SQLite says SCAN for a whole table or index, SEARCH for a part of one."""
    return "Seq Scan" not in plan and "SCAN" not in plan


async def test_the_halls_due_list_reads_its_own_index_and_sorts_nothing(many: Database) -> None:
    for state in (None, *State):
        filters = Filters(states=frozenset({state} if state else ()), within=7)
        with statements_of(many) as sent:
            async with many.reading() as session:
                await repository.follow_ups_page(session, HALL, filters, TODAY, PAGE)
        plan = await plans(many, sent)
        assert "ix_follow_ups_hall" in plan, (state, plan)
        assert reads_no_whole_table(plan), (state, plan)
        assert "TEMP B-TREE" not in plan, (state, plan)


async def test_a_clerks_due_list_reads_the_clerks_index(many: Database) -> None:
    with statements_of(many) as sent:
        async with many.reading() as session:
            filters = Filters(states=frozenset({State.DUE}), clerk="C7-1")
            await repository.follow_ups_page(session, HALL, filters, TODAY, PAGE)
    plan = await plans(many, sent)
    assert "ix_follow_ups_clerk" in plan or "ix_follow_ups_hall" in plan, plan
    assert reads_no_whole_table(plan), plan


async def test_the_counts_come_from_the_index_alone(many: Database) -> None:
    with statements_of(many) as sent:
        async with many.reading() as session:
            counts = await repository.counts(session, HALL, Filters(within=7), TODAY)
    assert counts.due + counts.late + counts.overdue > 0
    plan = await plans(many, sent)
    assert "ix_follow_ups_hall" in plan, plan
    assert reads_no_whole_table(plan), plan
    if many.dialect == "postgresql":
        assert "Index Only Scan using ix_follow_ups_hall" in plan, plan


async def test_a_number_is_looked_up_in_its_index(many: Database) -> None:
    with statements_of(many) as sent:
        async with many.reading() as session:
            assert await archive.customer_with_phone_or_none(session, "index-7-7", HALL)
    plan = await plans(many, sent)
    assert "uq_customers_phone_active" in plan, plan
    assert reads_no_whole_table(plan), plan


async def test_the_halls_list_of_customers_reads_its_index_and_sorts_nothing(many: Database) -> None:
    with statements_of(many) as sent:
        async with many.reading() as session:
            await archive.customers_page(session, HALL, archive.Filters(), PAGE)
    plan = await plans(many, sent)
    assert "ix_customers_hall_id" in plan, plan
    assert reads_no_whole_table(plan), plan
    assert "TEMP B-TREE" not in plan, plan


async def test_newcomers_and_steps_that_are_due_are_found_without_looking_at_the_others(
    many: Database,
) -> None:
    with statements_of(many) as sent:
        async with many.transaction() as session:
            assert await repository.customers_not_followed(session, 10) == []
            await repository.overdue_steps(session, TODAY - timedelta(days=300), 10)
    plan = await plans(many, [(s, p) for s, p in sent if s.lstrip().startswith("SELECT")])
    assert "ix_customers_not_followed" in plan, plan
    assert "ix_follow_ups_next_step_on" in plan, plan
    assert "Seq Scan" not in plan, plan


async def test_the_next_customers_of_a_rating_are_read_by_their_ids(many: Database) -> None:
    run = TierRun(
        id=uuid.uuid4(), occasion="2026-11", month="2026-11", newcomers_only=False, rule_version=1,
        cursor=uuid.UUID(int=1 << 127), started_at=NOW,
    )  # fmt: skip
    with statements_of(many) as sent:
        async with many.transaction() as session:
            assert len(await tiers.candidates_of(session, run, 20)) == 20
    plan = await plans(many, [(s, p) for s, p in sent if s.lstrip().startswith("SELECT")])
    assert reads_no_whole_table(plan), plan


async def test_the_night_s_walk_reads_its_own_part_of_both_tables(many: Database) -> None:
    cursor, versions = uuid.UUID(int=1 << 127), {"A": 1, "B": 1, "C": 1}
    with statements_of(many) as sent:
        async with many.transaction() as session:
            until = await repository.chunk_ends_at(session, cursor, 50)
            assert await repository.astray(session, cursor, until, versions) == []
    plan = await plans(many, [(s, p) for s, p in sent if s.lstrip().startswith("SELECT")])
    assert reads_no_whole_table(plan), plan
    assert "uq_follow_ups_open" in plan, plan


def _customer(hall: int, number: int) -> dict[str, Any]:
    return {
        "id": uuid.uuid4(), "version": 1, "status": "active", "hall": f"H{hall}", "county": f"K{hall % 5}",
        "clerk": f"C{hall}-{number % 4}", "phone_enc": "k1.x", "phone_index": f"index-{hall}-{number}",
        "phone_masked": "138********", "name": "李锐", "brand": 1, "age_band": 1, "spend_band": 1, "gender": None,
        "habits": [], "habits_note": None, "preferences": [], "preferences_note": None, "tier": "C", "sms_count": 0,
        "number_stored_name": None, "number_stored_number": None, "number_stored_at": None, "number_stored_by": None,
        "carried_sms_count": 0, "carried_recommendations": None, "carried_services": None, "external_source": None,
        "external_id": None, "archived_at": NOW, "archived_by": "x", "recorded_at": NOW, "last_contact_at": NOW,
        "followed_since": NOW,
    }  # fmt: skip


def _rating(customer: dict[str, Any]) -> dict[str, Any]:
    return {
        "customer_id": customer["id"], "month": "2026-10", "hall": customer["hall"], "county": customer["county"],
        "from_tier": None, "tier": "C", "months_below": 0, "rule_version": 1, "inputs": {}, "points": {}, "at": NOW,
    }  # fmt: skip


def _follow_up(customer: dict[str, Any], number: int) -> dict[str, Any]:
    due = TODAY + timedelta(days=number % 90 - 20)
    return {
        "id": uuid.uuid4(), "version": 1, "customer_id": customer["id"], "tier": "C", "strategy_version": 1,
        "hall": customer["hall"], "county": customer["county"], "clerk": customer["clerk"], "since": NOW,
        "since_on": due - timedelta(days=90), "due_on": due, "latest_on": due + timedelta(days=10), "steps_taken": 0,
        "next_step_on": due + timedelta(days=11), "outcome": None, "closed_at": None, "completed_by": None,
        "touch_id": None, "on_time": None,
    }  # fmt: skip
