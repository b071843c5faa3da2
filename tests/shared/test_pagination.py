"""Pages follow each other without a gap or a double, on both databases, and a cursor cannot be made up."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from shared.database import Database, insert_rows
from shared.pagination import CursorInvalid, Order, PageRequest, paginate
from tests.shared.kernel import SCRATCH

AT = datetime(2026, 11, 25, tzinfo=UTC)
ORDERS: dict[str, Order] = {
    "one column": [(SCRATCH.c.id, "asc")],
    "newest first": [(SCRATCH.c.at, "desc"), (SCRATCH.c.id, "desc")],
    "mixed": [(SCRATCH.c.version, "desc"), (SCRATCH.c.id, "asc")],
}


async def fill(database: Database, count: int) -> None:
    rows = [
        {"id": i, "word": f"w{i}", "version": i % 3, "tags": [], "at": AT + timedelta(minutes=i // 4)}
        for i in range(count)
    ]
    async with database.transaction() as session:
        await insert_rows(session, SCRATCH, rows)


async def walk(database: Database, order: Order, limit: int) -> list[int]:
    seen: list[int] = []
    cursor = None
    while True:
        async with database.reading() as session:
            page = await paginate(session, sa.select(SCRATCH), order, PageRequest(limit, cursor))
        seen += [row.id for row in page.items]
        if page.next_cursor is None:
            return seen
        cursor = page.next_cursor


@pytest.mark.parametrize("name", ORDERS)
async def test_walking_the_pages_gives_every_row_once_in_order(kernel_database: Database, name: str) -> None:
    await fill(kernel_database, 23)
    order = ORDERS[name]
    async with kernel_database.reading() as session:
        columns = [c.asc() if d == "asc" else c.desc() for c, d in order]
        everything = list((await session.execute(sa.select(SCRATCH.c.id).order_by(*columns))).scalars())
    assert await walk(kernel_database, order, 5) == everything


async def test_rows_added_in_front_do_not_shift_the_next_page(kernel_database: Database) -> None:
    await fill(kernel_database, 10)
    order = ORDERS["newest first"]
    async with kernel_database.reading() as session:
        first = await paginate(session, sa.select(SCRATCH), order, PageRequest(4))
    async with kernel_database.transaction() as session:
        new = {"id": 99, "word": "new", "version": 1, "tags": [], "at": AT + timedelta(days=1)}
        await insert_rows(session, SCRATCH, [new])
    async with kernel_database.reading() as session:
        second = await paginate(session, sa.select(SCRATCH), order, PageRequest(4, first.next_cursor))
    assert [row.id for row in first.items] == [9, 8, 7, 6]
    assert [row.id for row in second.items] == [5, 4, 3, 2]


async def test_the_last_page_has_no_next_one_even_when_it_is_full(kernel_database: Database) -> None:
    await fill(kernel_database, 4)
    async with kernel_database.reading() as session:
        page = await paginate(session, sa.select(SCRATCH.c.word), ORDERS["one column"], PageRequest(4))
    assert page.items == ["w0", "w1", "w2", "w3"]
    assert page.next_cursor is None


async def test_a_cursor_that_was_changed_made_up_or_taken_from_another_list_is_refused(
    kernel_database: Database,
) -> None:
    await fill(kernel_database, 9)
    async with kernel_database.reading() as session:
        genuine = (await paginate(session, sa.select(SCRATCH), ORDERS["mixed"], PageRequest(2))).next_cursor
        assert genuine is not None
        made_up = base64.urlsafe_b64encode(b'["1"]').decode()
        changed = genuine[:-2] + ("AA" if genuine[-2:] != "AA" else "BB")
        for cursor in (changed, made_up, "!!", "号", "", genuine + genuine):
            with pytest.raises(CursorInvalid):
                await paginate(session, sa.select(SCRATCH), ORDERS["mixed"], PageRequest(2, cursor))
        with pytest.raises(CursorInvalid):
            await paginate(session, sa.select(SCRATCH), ORDERS["one column"], PageRequest(2, genuine))
