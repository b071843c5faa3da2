"""Positions in an append-only table that no later commit can slip behind: for feeds, and for what a run has read.

An identity column is not commit order: a row with a smaller number may be committed after a greater one was read. On
PostgreSQL rows therefore carry their transaction's id, and only those older than every transaction still running in
this database are settled. SQLite has one writer, so there the number is the order of commits.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import FieldError
from shared.pagination import CursorInvalid

# The oldest transaction in progress, leaving out those known to run in another database of the cluster: they cannot
# write here, and one that stays open there must not hold our readers up. What cannot be told counts as ours.
_OLDEST_RUNNING = sa.text("""
    SELECT coalesce(min(running.xid::text::bigint), max(pg_snapshot_xmax(taken.snapshot)::text::bigint))
    FROM (SELECT pg_current_snapshot() AS snapshot) AS taken
    LEFT JOIN LATERAL (
        SELECT xid FROM pg_snapshot_xip(taken.snapshot) AS xid
        WHERE NOT EXISTS (
            SELECT 1 FROM pg_stat_activity AS elsewhere
            WHERE elsewhere.backend_xid = xid::xid AND elsewhere.datname <> current_database()
        )
    ) AS running ON true
""")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between rows: behind every row with a smaller (xid, seq)."""

    xid: int = 0
    seq: int = 0

    def to_cursor(self) -> str:
        return base64.urlsafe_b64encode(f"{self.xid}.{self.seq}".encode()).rstrip(b"=").decode()

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Self:
        """The place a cursor stands for; the beginning when there is none, `CursorInvalid` when it is not ours."""
        if cursor is None:
            return cls()
        try:
            text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode(
                "ascii"
            )
            xid, seq = (int(part) for part in text.split("."))
        except (ValueError, binascii.Error) as error:
            raise _not_ours() from error
        if not (0 <= xid < 2**63 and 0 <= seq < 2**63):
            raise _not_ours()
        return cls(xid, seq)


async def settled(session: AsyncSession, table: Any) -> Position:
    """The place up to which the table is final: every row before it is readable, and none will be added there."""
    if session.get_bind().dialect.name == "postgresql":
        return Position((await session.scalar(_OLDEST_RUNNING)) or 0, 0)
    return Position(0, ((await session.scalar(sa.select(sa.func.max(table.seq)))) or 0) + 1)


def before(table: Any, position: Position) -> sa.ColumnElement[bool]:
    return _place(table) < _literal(position)


def after(table: Any, position: Position) -> sa.ColumnElement[bool]:
    """Rows behind the row at this position."""
    return _place(table) > _literal(position)


def in_order(table: Any) -> tuple[Any, Any]:
    return table.xid.asc(), table.seq.asc()


def _not_ours() -> CursorInvalid:
    return CursorInvalid(errors=[FieldError("/cursor", CursorInvalid.code, CursorInvalid.detail)])


def _place(table: Any) -> sa.Tuple:
    return sa.tuple_(table.xid, table.seq)


def _literal(position: Position) -> sa.Tuple:
    return sa.tuple_(sa.literal(position.xid, sa.BigInteger), sa.literal(position.seq, sa.BigInteger))
