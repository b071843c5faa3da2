"""Giving three million customers their day of the month, beside a bare INSERT … SELECT of the very same rows.

Ours reads customers and consents, leaves out who may not be written to, and spreads the rest, hall by hall; the
baseline copies what came of it into a table of the same form. Both on the same PostgreSQL.
"""

import asyncio
import json
import resource
import time
from datetime import datetime

import sqlalchemy as sa

from bench.engines import Engines
from bench.measure import compare, say
from services.messaging.audience.models import Hall
from services.messaging.calendar import usecases as calendar
from services.messaging.calendar.gateways.borax import Festivals
from services.messaging.calendar.gateways.chinesecalendar import NoticedDays
from services.messaging.plans.usecases import carry_out, decide_plan
from services.messaging.plans.usecases.write_plans import WritePlans, write_plans
from shared import clock, migrations
from shared.database import Database, insert_rows
from shared.security.tenancy import Area

HALLS, CUSTOMERS = 200, 3_000_000
NOW = datetime(2026, 10, 30, 10, tzinfo=clock.SHANGHAI)
ID = "(lpad(to_hex(1790000000000 + n), 12, '0') || '7' || left(md5(n::text), 3) || '8' || right(md5(n::text), 15))"
FILL = [
    f"""
    INSERT INTO customers (id, version, phone_enc, phone_index, phone_masked, brand, placed_version, hall, county,
        clerk, stored_version, status_version, status, archived_at)
    SELECT {ID}::uuid, 1, repeat('x', 60), md5(n::text) || md5((-n)::text), '139********', '1', 1,
        'H' || lpad((n % :halls)::text, 4, '0'), 'zizhong', 'H0001', 1, 0, 'active', timestamptz '2026-03-01'
    FROM generate_series(1, :customers) AS n
    """,
    f"""
    INSERT INTO consents (customer_id, purpose, version, granted, consent_id, at)
    SELECT {ID}::uuid, purpose, 1, true, {ID}::uuid, timestamptz '2026-03-01'
    FROM generate_series(1, :customers) AS n, unnest(ARRAY['archive', 'service_sms', 'holiday_sms']) AS purpose
    """,
    f"""
    INSERT INTO suppressions (phone_index, reason, id, at, added_by)
    SELECT md5(n::text) || md5((-n)::text), 'number-dead', {ID}::uuid, timestamptz '2026-03-01', 'bench'
    FROM generate_series(1, :customers, 1000) AS n
    """,
]


async def run(engines: Engines) -> None:
    url = engines.database("month_plan")
    await asyncio.to_thread(migrations.upgrade, "messaging", url)
    database = Database(url, "messaging", pool=2)
    await _fill(database)
    await compare("month_plan", "customers/s", 0.4, lambda: _ours(database), lambda: _bare(database), runs=2)
    await database.close()


async def _ours(database: Database) -> float:
    """Customers a second, from approved plans to everybody's day; says what the process grew by."""
    await _execute(database, "TRUNCATE plan_entries", "UPDATE plans SET laid_out_at = NULL, days = '[]'")
    before, started, more = _peak(), time.perf_counter(), True
    while more:
        async with database.transaction() as session:
            more = await carry_out.lay_out_next(session, now=NOW)
    seconds, count = time.perf_counter() - started, await _count(database)
    say(json.dumps({"bench": "month_plan_memory", "unit": "MB", "peak": _peak(), "grown": _peak() - before}))
    return count / seconds


async def _bare(database: Database) -> float:
    """Nothing but the copy of the rows."""
    if await _count(database) == 0:
        await _ours(database)
    await _execute(
        database,
        "DROP TABLE IF EXISTS bare",
        "CREATE TABLE bare (LIKE plan_entries INCLUDING INDEXES)",
    )
    started = time.perf_counter()
    await _execute(database, "INSERT INTO bare SELECT * FROM plan_entries")
    return await _count(database) / (time.perf_counter() - started)


async def _fill(database: Database) -> None:
    """Halls, customers who agreed, some dead numbers, the calendar, and an approved plan for every hall."""
    everything = Area.everything()
    async with database.transaction() as session:
        await insert_rows(session, Hall, [_hall(number) for number in range(HALLS)])
        await calendar.look_after_calendar(session, NoticedDays(), Festivals(), now=NOW)
        command = WritePlans(everything, "hall", "service", "2026-11", "service", {"content": "出行请带伞。"})
        await write_plans(session, command, now=NOW)
        await decide_plan.approve_month(session, "2026-11", everything, "county", now=NOW)
    for statement in FILL:
        async with database.transaction() as session:
            query = sa.text(statement)
            asked = {"halls": HALLS, "customers": CUSTOMERS}
            await session.execute(query, {name: asked[name] for name in query.compile().params})
    await _execute(database, "ANALYZE customers", "ANALYZE consents", "ANALYZE suppressions")


def _hall(number: int) -> Hall:
    return Hall(
        code=f"H{number:04d}", version=1, full_name=f"第{number}营业厅", county="zizhong", number="0832-5520000",
        sms_from=480, sms_until=1200, busy_from_day=25, busy_to_day=5,
    )  # fmt: skip


async def _execute(database: Database, *statements: str) -> None:
    async with database.transaction() as session:
        for statement in statements:
            await session.execute(sa.text(statement))


async def _count(database: Database) -> int:
    async with database.reading() as session:
        return int(await session.scalar(sa.text("SELECT count(*) FROM plan_entries")) or 0)


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
