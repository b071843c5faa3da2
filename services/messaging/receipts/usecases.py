"""Storing callbacks and applying receipts."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.dispatch.ports import Inbound, Receipt, Unreadable
from services.messaging.dispatch.usecases import RECEIPTS
from services.messaging.messages import repository as messages
from services.messaging.messages.repository import Place
from services.messaging.messages.rules import Answer
from services.messaging.messages.usecases import Heard, record_answers
from services.messaging.receipts import repository
from services.messaging.receipts.models import INBOUND, RECEIPT, GatewayInbox
from shared.database import wake_after_commit
from shared.phones import InvalidPhone, PhoneBook, hide_numbers

KEEP = timedelta(days=30)
"""How long a double is still recognised, and a parked receipt still matched."""
FRESH = timedelta(hours=1)
"""Parked receipts of that age are looked at again all the time, older ones once an hour."""
REPLIES = "replies"


async def store_receipts(
    session: AsyncSession, gateway: str, receipts: Sequence[Receipt | Unreadable], *, now: datetime
) -> int:
    """Keep each element once; how many were new. Nothing is applied here."""
    rows = [_receipt_row(gateway, receipt, now) for receipt in receipts]
    new = await repository.store(session, rows)
    wake_after_commit(session, RECEIPTS)
    return new


async def store_inbound(
    session: AsyncSession,
    gateway: str,
    inbound: Sequence[Inbound | Unreadable],
    phones: PhoneBook,
    *,
    now: datetime,
) -> int:
    """The same for messages from phones; their numbers are sealed here."""
    rows = [_inbound_row(gateway, each, phones, now) for each in inbound]
    new = await repository.store(session, rows)
    wake_after_commit(session, REPLIES)
    return new


async def apply_receipts(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Give waiting receipts to their messages and park those that have none yet; how many were looked at."""
    rows = await repository.waiting(session, RECEIPT, limit)
    found = await _messages_of(session, rows)
    heard = [_heard(row, found[row.id]) for row in rows if row.id in found]
    if heard:
        await record_answers(session, heard, now=now)
    await repository.mark(session, [row for row in rows if row.id in found], "applied")
    await repository.mark(session, [row for row in rows if row.id not in found], "parked")
    return len(rows)


async def match_parked(session: AsyncSession, *, now: datetime, age: timedelta = KEEP) -> None:
    """Look again for the messages of parked receipts: a receipt may be faster than the submission's commit."""
    if await repository.unpark(session, after=now - age):
        wake_after_commit(session, RECEIPTS)


async def _messages_of(session: AsyncSession, rows: Sequence[GatewayInbox]) -> dict[int | None, Place]:
    """The message of each row, by our id where the receipt names it, else by the gateway's."""
    ours = {UUID(id_) for row in rows if (id_ := row.payload.get("message_id"))}
    theirs = {(row.gateway, id_) for row in rows if (id_ := row.payload.get("gateway_message_id"))}
    known = await messages.existing(session, ours) if ours else set()
    by_gateway = await messages.by_gateway_ids(session, theirs) if theirs else {}
    found: dict[int | None, Place] = {}
    for row in rows:
        p = row.payload
        place = by_gateway.get((row.gateway, p.get("gateway_message_id") or ""))
        if named := p.get("message_id"):
            place = Place(UUID(named)) if UUID(named) in known else None
        if place is not None:
            found[row.id] = Place(place.message_id, p["segment"], p["segments"]) if p["segment"] else place
    return found


def _heard(row: GatewayInbox, place: Place) -> Heard:
    p = row.payload
    answer = Answer(
        p["said"],
        datetime.fromisoformat(p["at"]),
        segment=place.segment,
        segments=place.segments,
        code=p["code"],
        failure=p.get("failure"),
    )
    return Heard(place.message_id, row.gateway, "receipt", answer, p["gateway_message_id"])


def _receipt_row(gateway: str, receipt: Receipt | Unreadable, now: datetime) -> dict[str, Any]:
    if isinstance(receipt, Unreadable):
        return _unreadable(gateway, RECEIPT, receipt.reason, now)
    payload = {
        "message_id": str(receipt.message_id) if receipt.message_id else None,
        "gateway_message_id": receipt.gateway_message_id,
        "said": receipt.said,
        "segment": receipt.segment,
        "segments": receipt.segments,
        "code": receipt.code,
        "failure": receipt.failure,
        "at": receipt.at.isoformat(),
    }
    if receipt.message_id is None and receipt.gateway_message_id is None:
        return _unreadable(gateway, RECEIPT, "no message named", now)
    same = [payload[name] for name in ("message_id", "gateway_message_id", "said", "segment")]
    return _row(gateway, RECEIPT, _identity(same), payload, now)


def _inbound_row(
    gateway: str, inbound: Inbound | Unreadable, phones: PhoneBook, now: datetime
) -> dict[str, Any]:
    if isinstance(inbound, Unreadable):
        return _unreadable(gateway, INBOUND, inbound.reason, now)
    try:
        sender = phones.seal(inbound.sender)
    except InvalidPhone:
        return _unreadable(gateway, INBOUND, "sender is no mobile number", now)
    payload = {
        "enc": sender.enc,
        "index": sender.index,
        "masked": sender.masked,
        "to": hide_numbers(inbound.to),
        "text": hide_numbers(inbound.text),
        "at": inbound.at.isoformat(),
    }
    return _row(gateway, INBOUND, _identity([inbound.inbound_id]), payload, now)


def _unreadable(gateway: str, kind: str, reason: str, now: datetime) -> dict[str, Any]:
    identity = _identity([reason, now.isoformat()])
    return _row(gateway, kind, identity, {"reason": reason}, now, state="unreadable")


def _row(
    gateway: str, kind: str, identity: str, payload: dict[str, Any], now: datetime, state: str = "waiting"
) -> dict[str, Any]:
    return {
        "gateway": gateway, "kind": kind, "identity": identity, "state": state, "payload": payload,
        "received_at": now,
    }  # fmt: skip


def _identity(parts: list[Any]) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
