"""Answers kept under (client, `Idempotency-Key`) in the effect's own transaction, for 72 hours.

The primary key of the table decides who was first: whoever comes second waits for the first's commit, finds its
own insert refused, and is rolled back. Nothing is locked or looked up beforehand.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from shared import last_writes
from shared.errors import Conflict, Invalid, MalformedRequest
from shared.last_writes import Guard
from shared.ledger import IDEMPOTENCY_KEYS

KEPT = timedelta(hours=72)
AN_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ERASED = {
    "type": "about:blank", "title": "内容已清除", "status": 410, "code": "answer-erased",
    "detail": "这次请求已办理过，结果所涉及的客户资料已按规定清除，不再提供。",
}  # fmt: skip
"""What whoever repeats a request about an erased person is told."""
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


_CREATED = IDEMPOTENCY_KEYS.c.created_at
_FIND = sa.select(
    IDEMPOTENCY_KEYS.c.fingerprint,
    IDEMPOTENCY_KEYS.c.status,
    IDEMPOTENCY_KEYS.c.headers,
    IDEMPOTENCY_KEYS.c.body,
).where(
    IDEMPOTENCY_KEYS.c.client == sa.bindparam("client"),
    IDEMPOTENCY_KEYS.c.key == sa.bindparam("key"),
    sa.bindparam("since", type_=_CREATED.type) < _CREATED,
)


_CHANGED = ("fingerprint", "status", "headers", "body", "created_at")
_REPLACE_EXPIRED = (
    f"ON CONFLICT (client, key) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _CHANGED)} "
    "WHERE idempotency_keys.created_at <= {0}"
)


class AnsweredMeanwhile(Exception):
    """Another request with this key has stored its answer first; this transaction is rolled back."""


def fingerprint(method: str, path: str, query: bytes, body: bytes) -> str:
    """What must be equal for two requests to be the same request."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), query, body))).hexdigest()


async def find(session: AsyncSession, client: str, key: str, *, now: datetime) -> Answer | None:
    """The answer kept for this key and not yet expired."""
    row = (await session.execute(_FIND, {"client": client, "key": key, "since": now - KEPT})).first()
    return Answer(row[0], row[1], orjson.loads(row[2]), bytes(row[3])) if row is not None else None


def keep(session: AsyncSession, client: str, key: str, answer: Answer, *, now: datetime) -> None:
    """Store the answer when the caller's transaction ends; an expired row is replaced.

    The transaction then fails with `AnsweredMeanwhile` when another request has stored an answer.
    """
    row = {
        "client": client, "key": key, "fingerprint": answer.fingerprint, "status": answer.status,
        "headers": orjson.dumps(dict(answer.headers)).decode(), "body": answer.body, "created_at": now,
    }  # fmt: skip
    guard = Guard(_REPLACE_EXPIRED, AnsweredMeanwhile(), now - KEPT, _CREATED.type)
    last_writes.add(session, IDEMPOTENCY_KEYS, [row], guard)


async def erase_answers(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Take what was answered about these people out of the answers kept; their keys stay taken."""
    wanted = {str(id_).encode() for id_ in ids}
    key = IDEMPOTENCY_KEYS.c.client, IDEMPOTENCY_KEYS.c.key
    answers = await session.stream(sa.select(*key, IDEMPOTENCY_KEYS.c.body).execution_options(yield_per=500))
    found = [(client, k) async for client, k, body in answers if not wanted.isdisjoint(AN_ID.findall(body))]
    gone = sa.update(IDEMPOTENCY_KEYS).where(*(c == sa.bindparam(f"_{c.name}") for c in key))
    kept = {
        "status": 410,
        "headers": '{"content-type":"application/problem+json"}',
        "body": orjson.dumps(ERASED),
    }
    if found:
        await session.execute(gone.values(**kept), [{"_client": client, "_key": k} for client, k in found])


async def forget(session: AsyncSession, now: datetime) -> int:
    """Delete what has expired; a job does this daily."""
    result: Any = await session.execute(sa.delete(IDEMPOTENCY_KEYS).where(now - KEPT >= _CREATED))
    return int(result.rowcount)
