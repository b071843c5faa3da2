"""Answers kept under (client, `Idempotency-Key`) in the effect's own transaction, for 72 hours.

The primary key of the table decides; the PostgreSQL lock only spares a second request the work.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Conflict, Invalid, MalformedRequest
from shared.ledger import IDEMPOTENCY_KEYS

KEPT = timedelta(hours=72)
LONGEST_KEY = 255


class IdempotencyKeyRequired(MalformedRequest):
    code = "idempotency-key-required"
    title = "缺少幂等键"
    detail = "请在 Idempotency-Key 请求头中带上本次操作的唯一编号（建议使用 UUID），重试时保持不变。"


class IdempotencyKeyInvalid(MalformedRequest):
    code = "idempotency-key-invalid"
    title = "幂等键无效"
    detail = "Idempotency-Key 应为 1 至 255 个可见的 ASCII 字符。"


class IdempotencyKeyReused(Invalid):
    code = "idempotency-key-reused"
    title = "幂等键已用于其他内容"
    detail = "这个 Idempotency-Key 已用于另一个内容不同的请求，请换一个新的编号。"


class IdempotencyInProgress(Conflict):
    code = "idempotency-in-progress"
    title = "同一请求正在处理"
    detail = "同一个 Idempotency-Key 的请求正在处理，请在 {retry_after} 秒后原样重试。"

    def __init__(self, *, retry_after: int = 1) -> None:
        super().__init__(retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it was given, and the fingerprint of the request it answered."""

    fingerprint: str
    status: int
    headers: Mapping[str, str]
    body: bytes


_FOUND = (
    sa.select(
        IDEMPOTENCY_KEYS.c.fingerprint,
        IDEMPOTENCY_KEYS.c.status,
        IDEMPOTENCY_KEYS.c.headers,
        IDEMPOTENCY_KEYS.c.body,
    )
    .where(
        IDEMPOTENCY_KEYS.c.client == sa.bindparam("client"),
        IDEMPOTENCY_KEYS.c.key == sa.bindparam("key"),
        IDEMPOTENCY_KEYS.c.created_at > sa.bindparam("since", type_=IDEMPOTENCY_KEYS.c.created_at.type),
    )
    .subquery("found")
)
_FIND = sa.select(_FOUND)
_LOCK = sa.select(
    sa.func.pg_try_advisory_xact_lock(sa.bindparam("lock", type_=sa.BigInteger)).label("locked")
).subquery("turn")
_LOCK_AND_FIND = sa.select(_LOCK.c.locked, *_FOUND.c).select_from(_LOCK.outerjoin(_FOUND, sa.true()))


def fingerprint(method: str, path: str, query: bytes, body: bytes) -> str:
    """What must be equal for two requests to be the same request."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), query, body))).hexdigest()


async def claim(session: AsyncSession, client: str, key: str, *, now: datetime) -> Answer | None:
    """The answer kept for this key; None when the caller may go on, 409 when another transaction is at it."""
    found = {"client": client, "key": key, "since": now - KEPT}
    if session.get_bind().dialect.name != "postgresql":
        return _answer((await session.execute(_FIND, found)).first())
    row = (await session.execute(_LOCK_AND_FIND, {**found, "lock": _lock_id(client, key)})).one()
    if row.fingerprint is None and not row.locked:
        raise IdempotencyInProgress
    return _answer(row[1:]) if row.fingerprint is not None else None


async def find(session: AsyncSession, client: str, key: str, *, now: datetime) -> Answer | None:
    """The answer kept for this key, without taking part in the race for it."""
    return _answer(
        (await session.execute(_FIND, {"client": client, "key": key, "since": now - KEPT})).first()
    )


async def keep(session: AsyncSession, client: str, key: str, answer: Answer, *, now: datetime) -> bool:
    """Store the answer; False when another request has stored one in the meantime. An expired row is replaced."""
    insert: Any = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(
        IDEMPOTENCY_KEYS
    )
    changed = ("fingerprint", "status", "headers", "body", "created_at")
    statement = insert.on_conflict_do_update(
        index_elements=["client", "key"],
        set_={name: insert.excluded[name] for name in changed},
        where=IDEMPOTENCY_KEYS.c.created_at
        <= sa.bindparam("since", type_=IDEMPOTENCY_KEYS.c.created_at.type),
    )
    row = {
        "client": client, "key": key, "fingerprint": answer.fingerprint, "status": answer.status,
        "headers": orjson.dumps(dict(answer.headers)).decode(), "body": answer.body, "created_at": now,
    }  # fmt: skip
    result: Any = await session.execute(statement, {**row, "since": now - KEPT})
    return bool(result.rowcount == 1)


async def forget(session: AsyncSession, now: datetime) -> int:
    """Delete what has expired; a job does this daily."""
    result: Any = await session.execute(
        sa.delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.created_at <= now - KEPT)
    )
    return int(result.rowcount)


def _answer(row: Any) -> Answer | None:
    if row is None:
        return None
    kept, status, headers, body = row
    return Answer(kept, status, orjson.loads(headers), bytes(body))


def _lock_id(client: str, key: str) -> int:
    digest = hashlib.sha256(f"{client}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
