"""What gateways said they took, counted a customer and a pool."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.messaging.messages.models import GatewayAnswer, Message
from services.messaging.proofs.rules import Span
from shared.security.tenancy import Area

TAKEN = ("accepted", "delivered", "failed")
"""Answers that prove a gateway had the message, whatever became of it."""


def _left_the_house(since: datetime, until: datetime, area: Area) -> Any:
    """Messages a gateway had in that time, and those of which nobody can say that it had them not."""
    submitted = col(GatewayAnswer.submitted_at)
    return _had(area, sa.and_(submitted >= since, submitted < until))


def _in_spans(area: Area, spans: Sequence[Span]) -> Any:
    """The same, of each part of the month only the classes that used the pool then."""
    submitted, kind = col(GatewayAnswer.submitted_at), col(Message.message_class)
    parts = (sa.and_(submitted >= s.since, submitted < s.until, kind.in_(s.classes)) for s in spans)
    return _had(area, sa.or_(*parts))


def _had(area: Area, when: sa.ColumnElement[bool]) -> Any:
    a = GatewayAnswer
    proven = col(a.said).in_(TAKEN) | sa.and_(col(a.said) == "unknown", col(Message.status) == "unknown")
    return (
        sa.select(col(Message.id), col(Message.customer_id), col(Message.message_class))
        .join(a, col(a.message_id) == col(Message.id))
        .where(when, proven)
        .where(area.clause(col(Message.hall), col(Message.county)))
        .distinct()
        .subquery()
    )


async def counts_by_class(
    session: AsyncSession, since: datetime, until: datetime, area: Area
) -> dict[str, int]:
    sent = _left_the_house(since, until, area)
    query = sa.select(sent.c.message_class, sa.func.count()).group_by(sent.c.message_class)
    return {row[0]: row[1] for row in await session.execute(query)}


async def reached(session: AsyncSession, area: Area, spans: Sequence[Span]) -> tuple[int, int]:
    """Customers who had a message of these classes in these parts of the month, and the messages."""
    sent = _in_spans(area, spans)
    row = (
        await session.execute(sa.select(sa.func.count(sent.c.customer_id.distinct()), sa.func.count()))
    ).one()
    return int(row[0]), int(row[1])


async def customers_over(
    session: AsyncSession, area: Area, spans: Sequence[Span], cap: int, limit: int
) -> list[tuple[Any, int]]:
    """Customers with more messages of these classes in these parts than the cap; the worst first."""
    sent, count = _in_spans(area, spans), sa.func.count()
    query = sa.select(sent.c.customer_id, count).where(sent.c.customer_id.is_not(None))
    over = query.group_by(sent.c.customer_id).having(count > cap).order_by(count.desc(), sent.c.customer_id)
    return [(row[0], row[1]) for row in await session.execute(over.limit(limit))]


async def sent_without_consent(
    session: AsyncSession, since: datetime, until: datetime, area: Area, classes: Sequence[str], limit: int
) -> list[Any]:
    """Messages that left the house without a consent given before, from the messages alone: it holds for ever."""
    m, sent = Message, _left_the_house(since, until, area)
    granted = col(m.decisions)["consent"]["granted"].as_boolean()
    given = sa.and_(
        col(m.consent_id).is_not(None),
        col(m.consent_at) <= col(m.submitted_at),
        sa.func.coalesce(granted, sa.false()),
    )
    query: Any = (
        sa.select(col(m.id), col(m.customer_id), col(m.message_class), col(m.submitted_at), col(m.consent_id))
        .join(sent, sent.c.id == col(m.id))
        .where(col(m.message_class).in_(classes), sa.not_(sa.func.coalesce(given, sa.false())))
    )
    return list((await session.execute(query.order_by(col(m.id)).limit(limit))).all())
