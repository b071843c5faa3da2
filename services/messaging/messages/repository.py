"""Queries of messages and of what gateways answered. Every list that a person sees is limited to their area."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.messages.errors import MessageNotFound
from services.messaging.messages.models import KEPT, NOT_SENT_IN_TIME, PART_WITH_ID, GatewayAnswer, Message
from services.messaging.messages.rules import IN_HAND, STATUSES, WAITING, Answer
from shared.database import insert_new
from shared.pagination import Page, PageRequest, paginate
from shared.personal_data import told
from shared.security.tenancy import Area


def status_is(status: str) -> sa.ColumnElement[bool]:
    """The state as a literal: a partial index serves only a query whose text implies it."""
    if status not in STATUSES:
        raise ValueError(f"no such state: {status}")
    return col(Message.status) == sa.literal_column(f"'{status}'")


@dataclass(frozen=True, slots=True)
class Place:
    """A message, or a part of it."""

    message_id: UUID
    segment: int = 0
    segments: int = 1


INTENT = ("recipient", "template_code", "cause", "period")
INTERNAL = ("customer_id", "recipient", "lease_token", "lease_until")
FACT = ("message_id", "attempt", "said", "segment")


async def insert_intents(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Insert those whose business key is new, and return them as the session knows them."""
    new = await insert_new(session, Message, rows, key=INTENT)
    return await locked(session, [row["id"] for row in rows if tuple(row[name] for name in INTENT) in new])


async def intent_or_none(
    session: AsyncSession, recipient: str, template: str, cause: str, period: str
) -> Message | None:
    query = select(Message).where(
        Message.recipient == recipient, Message.template_code == template, Message.cause == cause,
        Message.period == period,
    )  # fmt: skip
    return (await session.scalars(query)).one_or_none()


async def hand_over_waiting(session: AsyncSession, clerks: Mapping[UUID, str]) -> None:
    """What waits for these customers goes out in the name of their clerk of now; what was sent stays as it is."""
    for clerk in sorted(set(clerks.values())):
        theirs = [customer_id for customer_id, name in clerks.items() if name == clerk]
        waiting = col(Message.customer_id).in_(theirs), col(Message.status).in_(WAITING)
        change = sa.update(Message).where(*waiting).values(clerk=clerk)
        await session.execute(change.execution_options(synchronize_session=False))


async def locked(session: AsyncSession, ids: Iterable[UUID]) -> list[Message]:
    """These messages as they are now, held until the transaction ends; in the order of their ids."""
    return await _locked(session, select(Message).where(col(Message.id).in_(sorted(set(ids)))))


async def _locked(session: AsyncSession, query: Any) -> list[Message]:
    """By id, so that two transactions which want the same messages queue up instead of blocking each other."""
    held = query.order_by(col(Message.id)).with_for_update()
    return list((await session.scalars(held.execution_options(populate_existing=True))).all())


async def held_until(session: AsyncSession, now: datetime, limit: int) -> list[Message]:
    """Held messages whose hour has come, the earliest deadline first; what another process works on is left out."""
    query = select(Message).where(status_is("held"), Message.send_at <= now)
    query = (
        query.order_by(col(Message.due_at), col(Message.id)).limit(limit).with_for_update(skip_locked=True)
    )
    return list((await session.scalars(query.execution_options(populate_existing=True))).all())


async def next_held_at(session: AsyncSession) -> datetime | None:
    query = sa.select(sa.func.min(col(Message.send_at))).where(status_is("held"))
    at: datetime | None = await session.scalar(query)
    return at


async def waiting_of_customers(session: AsyncSession, ids: Iterable[UUID]) -> list[Message]:
    """Messages to these customers that have not left the house."""
    query = select(Message).where(col(Message.customer_id).in_(set(ids)), col(Message.status).in_(WAITING))
    return await _locked(session, query)


async def erase_unsent(session: AsyncSession, customer_ids: Sequence[UUID]) -> None:
    """Content and number of what never left the house: for what did, retention sees to it."""
    unsent = col(Message.customer_id).in_(customer_ids), col(Message.submitted_at).is_(None)
    blank: dict[str, Any] = {
        "text": "",
        "params": {},
        "phone_enc": None,
        "phone_index": None,
        "phone_masked": None,
    }
    await session.execute(sa.update(Message).where(*unsent).values(**blank))


async def waiting_of_number(session: AsyncSession, phone_index: str) -> list[Message]:
    query = select(Message).where(Message.phone_index == phone_index, col(Message.status).in_(WAITING))
    return await _locked(session, query)


async def waiting_of_campaign(session: AsyncSession, campaign_id: UUID) -> list[Message]:
    """The campaign's messages that have not left the house."""
    query = select(Message).where(Message.campaign_id == campaign_id, col(Message.status).in_(WAITING))
    return await _locked(session, query)


async def campaign_is_in_hand(session: AsyncSession, campaign_id: UUID) -> bool:
    """Whether one of the campaign's messages may still leave, or is leaving now; its index answers at once."""
    query = sa.select(col(Message.id)).where(
        col(Message.campaign_id) == campaign_id, col(Message.status).in_(IN_HAND)
    )
    return (await session.scalars(query.limit(1))).first() is not None


async def count_waiting_of_campaign(session: AsyncSession, campaign_id: UUID) -> int:
    query = sa.select(sa.func.count()).where(
        col(Message.campaign_id) == campaign_id, col(Message.status).in_(WAITING)
    )
    return int(await session.scalar(query) or 0)


async def planned_of_halls(session: AsyncSession, halls: Iterable[str]) -> list[Message]:
    """Intents that wait for their hall's name."""
    query = select(Message).where(status_is("planned"), col(Message.hall).in_(set(halls)))
    return await _locked(session, query)


async def planned_before(session: AsyncSession, moment: datetime, limit: int) -> list[Message]:
    """Intents that have waited since before that moment for a customer or a hall."""
    query = select(Message).where(status_is("planned"), Message.created_at < moment)
    return await _oldest(session, query, col(Message.created_at), limit)


async def overdue(session: AsyncSession, now: datetime, limit: int) -> list[Message]:
    """Messages whose deadline has passed without their having been sent, each until it is said."""
    query = select(Message).where(col(Message.deadline) < now, sa.text(NOT_SENT_IN_TIME))
    return await _oldest(session, query, col(Message.deadline), limit)


async def older_than(session: AsyncSession, moment: datetime, limit: int) -> list[Message]:
    """Messages done with before that moment whose content or number is still kept."""
    done = col(Message.status).not_in(IN_HAND) & (
        sa.func.coalesce(col(Message.submitted_at), col(Message.created_at)) < moment
    )
    query = select(Message).where(Message.created_at < moment, done, sa.text(KEPT))
    return await _oldest(session, query, col(Message.created_at), limit)


async def _oldest(session: AsyncSession, query: Any, by: Any, limit: int) -> list[Message]:
    """The first so many that no other process works on, held for this transaction."""
    held = query.order_by(by).limit(limit).with_for_update(skip_locked=True)
    return list((await session.scalars(held.execution_options(populate_existing=True))).all())


async def by_gateway_ids(
    session: AsyncSession, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Place]:
    """The message behind each (gateway, its id), or the part of a long one that has an id of its own."""
    wanted = set(pairs)
    a, names = GatewayAnswer, ({g for g, _ in wanted}, {i for _, i in wanted})
    whole = sa.select(col(Message.gateway), col(Message.gateway_message_id), col(Message.id)).where(
        col(Message.gateway).in_(names[0]), col(Message.gateway_message_id).in_(names[1])
    )
    parts: Any = sa.select(
        col(a.gateway), col(a.gateway_message_id), col(a.message_id), col(a.segment), col(a.segments)
    ).where(sa.text(PART_WITH_ID), col(a.gateway).in_(names[0]), col(a.gateway_message_id).in_(names[1]))
    found: dict[Any, Place] = {(g, i): Place(id_) for g, i, id_ in await session.execute(whole)}
    found |= {(g, i): Place(*place) for g, i, *place in await session.execute(parts)}
    return {pair: place for pair, place in found.items() if pair in wanted}


async def existing(session: AsyncSession, ids: Iterable[UUID]) -> set[UUID]:
    query = sa.select(col(Message.id)).where(col(Message.id).in_(set(ids)))
    return set((await session.scalars(query)).all())


async def latest_sent_to(session: AsyncSession, phone_index: str) -> Message | None:
    """The message a reply from that number most likely answers."""
    query = select(Message).where(Message.phone_index == phone_index, col(Message.submitted_at).is_not(None))
    return (await session.scalars(query.order_by(col(Message.submitted_at).desc()).limit(1))).first()


async def newest_outcomes(
    session: AsyncSession, indexes: Iterable[str], most: int
) -> dict[str, list[tuple[datetime, str | None]]]:
    """How the newest messages to each number ended: when they were submitted, and the failure or None."""
    m = Message
    place = sa.func.row_number().over(
        partition_by=col(m.phone_index), order_by=(col(m.submitted_at).desc(), col(m.id).desc())
    )
    ended = sa.select(
        col(m.phone_index).label("number"), col(m.submitted_at).label("at"), col(m.failure).label("failure"),
        place.label("place"),
    ).where(
        col(m.phone_index).in_(set(indexes)), col(m.status).in_(("delivered", "failed")),
        col(m.submitted_at).is_not(None),
    ).subquery()  # fmt: skip
    query: Any = sa.select(ended.c.number, ended.c.at, ended.c.failure).where(ended.c.place <= most)
    found: dict[str, list[tuple[datetime, str | None]]] = {}
    for number, at, failure in await session.execute(query.order_by(ended.c.number, ended.c.place)):
        found.setdefault(number, []).append((at, failure))
    return found


async def note_answers(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Write the answers that are new; the messages they are about."""
    new = await insert_new(session, GatewayAnswer, rows, key=FACT)
    return {fact[0] for fact in new}


async def answers_by_message(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[Answer]]:
    a = GatewayAnswer
    query: Any = sa.select(
        col(a.message_id),
        col(a.said),
        col(a.at),
        col(a.segment),
        col(a.segments),
        col(a.code),
        col(a.failure),
        col(a.attempt),
    ).where(col(a.message_id).in_(set(ids)))
    found: dict[UUID, list[Answer]] = {}
    for row in await session.execute(query):
        found.setdefault(row[0], []).append(Answer(*row[1:]))
    return found


async def answers_of(session: AsyncSession, message_id: UUID) -> Sequence[GatewayAnswer]:
    query = select(GatewayAnswer).where(GatewayAnswer.message_id == message_id)
    return (await session.scalars(query.order_by(col(GatewayAnswer.id)))).all()


async def get_message(session: AsyncSession, message_id: UUID, area: Area) -> Message:
    """Raises MessageNotFound, also for what lies outside the area."""
    within = area.clause(col(Message.hall), col(Message.county))
    message = (await session.scalars(select(Message).where(Message.id == message_id, within))).one_or_none()
    if message is None:
        raise MessageNotFound
    return message


async def messages_page(
    session: AsyncSession,
    area: Area,
    page: PageRequest,
    *,
    customer_id: UUID | None = None,
    status: str | None = None,
    message_class: str | None = None,
    hall: str | None = None,
    campaign_id: UUID | None = None,
) -> Page[Any]:
    """Newest first."""
    query = select(Message).where(area.clause(col(Message.hall), col(Message.county)))
    wanted = {
        "customer_id": customer_id, "message_class": message_class, "hall": hall, "campaign_id": campaign_id,
    }  # fmt: skip
    for name, value in wanted.items():
        if value is not None:
            query = query.where(col(getattr(Message, name)) == value)
    if status is not None:
        query = query.where(status_is(status))
    return await paginate(session, query, [(col(Message.id), "desc")], page)


async def unknowns_page(session: AsyncSession, area: Area, page: PageRequest) -> Page[Any]:
    """Oldest first."""
    query = select(Message).where(status_is("unknown"), area.clause(col(Message.hall), col(Message.county)))
    return await paginate(
        session, query, [(col(Message.unknown_since), "asc"), (col(Message.id), "asc")], page
    )


async def unknowns_in(session: AsyncSession, area: Area) -> tuple[int, datetime | None]:
    """How many there are in an area, and since when the oldest."""
    query = sa.select(sa.func.count(), sa.func.min(col(Message.unknown_since))).where(
        status_is("unknown"), area.clause(col(Message.hall), col(Message.county))
    )
    row = (await session.execute(query)).one()
    return int(row[0]), row[1]


async def unknowns(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many there are, and since when the oldest."""
    query = sa.select(sa.func.count(), sa.func.min(col(Message.unknown_since))).where(status_is("unknown"))
    row = (await session.execute(query)).one()
    return int(row[0]), row[1]


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Every message, sent or not, with what the gateways said of it."""
    query = select(Message).where(Message.customer_id == customer_id).order_by(col(Message.id))
    messages = (await session.scalars(query)).all()
    wanted = col(GatewayAnswer.message_id).in_([message.id for message in messages])
    answers = await session.scalars(select(GatewayAnswer).where(wanted).order_by(col(GatewayAnswer.id)))
    return {
        "messages": [told(message, *INTERNAL) for message in messages],
        "gateway_answers": [told(answer, "id") for answer in answers],
    }
