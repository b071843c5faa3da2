"""Re-encrypting what a service keeps sealed, under the current key, in chunks beside the running house.

Every column whose name ends with `_enc` is found by itself, and so is every seal inside a JSON column or a dead letter.
What is under the current key already is not touched, so that a run that broke off goes on where it was.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
from shared.ledger import DEAD_LETTERS, OUTBOX
from shared.phones import PhoneBook, SealBroken

CHUNK = 500
_SEAL = re.compile(r"(?<![A-Za-z0-9_.-])k[0-9]{1,9}\.[A-Za-z0-9_-]{38,}")


@dataclass(frozen=True, slots=True)
class Place:
    """A column that holds seals: alone, or somewhere in a document."""

    column: "sa.Column[Any]"

    @property
    def name(self) -> str:
        return f"{self.column.table.name}.{self.column.name}"

    @property
    def is_document(self) -> bool:
        return not self.column.name.endswith("_enc")

    @property
    def key(self) -> Sequence["sa.Column[Any]"]:
        return tuple(self.column.table.primary_key.columns)

    def sealed_with(self, key_id: str, dialect: str) -> sa.ColumnElement[bool]:
        """Rows with a seal of that key, as far as the database can tell."""
        if not self.is_document:
            return self.column.like(f"{key_id}.%")
        as_bytes = isinstance(self.column.type, sa.LargeBinary) and dialect == "postgresql"
        text: sa.ColumnElement[str] = (
            sa.func.encode(self.column, "escape") if as_bytes else sa.cast(self.column, sa.Text)
        )
        return text.like(f'%"{key_id}.%')

    def holds(self, value: Any, key_id: str) -> bool:
        """Whether it really does: a text may begin like a seal."""
        return any(seal.startswith(f"{key_id}.") for seal in _SEAL.findall(self.read(value)))

    def read(self, value: Any) -> str:
        """The stored value as a text in which seals can be found."""
        if not self.is_document:
            return str(value)
        return bytes(value).decode() if isinstance(value, bytes) else orjson.dumps(value).decode()

    def stored(self, text: str) -> Any:
        """The text as it is stored again."""
        if not self.is_document:
            return text
        return text.encode() if isinstance(self.column.type, sa.LargeBinary) else orjson.loads(text)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one place is; `broken` are seals that no key of the ring opens, which are left as they are."""

    place: str
    done: int
    total: int
    broken: int


def places_in(*metadata: sa.MetaData) -> list[Place]:
    """Every place of these tables where a seal may stand; the outbox empties itself and is not among them."""
    tables = [table for each in metadata for table in each.sorted_tables]
    columns = [column for table in tables for column in table.columns]
    found = [c for c in columns if c.name.endswith("_enc") or isinstance(c.type, sa.JSON)]
    return [*map(Place, found), Place(DEAD_LETTERS.c.value)]


async def in_use(database: Database, places: Sequence[Place], key_id: str) -> int:
    """How many rows still need this key, those on their way to the bus included."""
    waiting = Place(OUTBOX.c.value)
    async with database.reading() as session:
        return sum([await _count(session, place, key_id) for place in (*places, waiting)])


async def reseal(
    database: Database, places: Sequence[Place], phones: PhoneBook, old_keys: Sequence[str]
) -> AsyncIterator[Progress]:
    """Work through all places, a transaction a chunk; says how far it is after each."""
    for place in places:
        for key_id in old_keys:
            async with database.reading() as session:
                total = await _count(session, place, key_id)
            done, broken, after = 0, 0, None
            while total:
                async with database.transaction() as session:
                    rows = await _next(session, place, key_id, after, lock=True)
                    sealed = [row for row in rows if place.holds(row[0], key_id)]
                    wrong = [await _reseal_row(session, place, row, phones) for row in sealed]
                done, broken = done + len(sealed), broken + sum(wrong)
                yield Progress(place.name, done, max(total, done), broken)
                if len(rows) < CHUNK:
                    break
                after = tuple(rows[-1][1:])


async def _count(session: AsyncSession, place: Place, key_id: str) -> int:
    if not place.is_document:
        where = place.sealed_with(key_id, session.get_bind().dialect.name)
        return int(await session.scalar(sa.select(sa.func.count()).where(where)) or 0)
    found, after = 0, None
    while rows := await _next(session, place, key_id, after, lock=False):
        found, after = found + sum(place.holds(row[0], key_id) for row in rows), tuple(rows[-1][1:])
    return found


async def _next(
    session: AsyncSession, place: Place, key_id: str, after: tuple[Any, ...] | None, *, lock: bool
) -> Sequence[Any]:
    """In the order of the primary key; locked, nobody changes a row between reading and writing it."""
    where = place.sealed_with(key_id, session.get_bind().dialect.name)
    query = sa.select(place.column, *place.key).where(where).order_by(*place.key)
    if after is not None:
        bound = [sa.bindparam(None, value, type_=c.type) for c, value in zip(place.key, after, strict=True)]
        query = query.where(sa.tuple_(*place.key) > sa.tuple_(*bound))
    query = query.limit(CHUNK)
    return (await session.execute(query.with_for_update() if lock else query)).all()


async def _reseal_row(session: AsyncSession, place: Place, row: Any, phones: PhoneBook) -> int:
    """Write the row's new seals; how many of its seals nothing opens."""
    broken = 0

    def anew(found: re.Match[str]) -> str:
        nonlocal broken
        try:
            return phones.reseal(found[0])
        except SealBroken:
            broken += 1
            return found[0]

    value = place.stored(_SEAL.sub(anew, place.read(row[0])))
    where = [column == part for column, part in zip(place.key, row[1:], strict=True)]
    await session.execute(sa.update(place.column.table).where(*where).values({place.column: value}))
    return broken
