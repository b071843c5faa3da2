"""Queries of planning: gateway routes, and the facts that every decision needs, read once for a batch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.audience import repository as audience
from services.messaging.audience.models import Customer, Hall
from services.messaging.budget import repository as budget
from services.messaging.budget.models import ClassRule
from services.messaging.budget.rules import Rulebook
from services.messaging.messages.models import Message
from services.messaging.planning.models import GatewayRoute
from services.messaging.suppression import repository as suppression
from services.messaging.suppression.rules import Standing
from services.messaging.templates import repository as templates
from services.messaging.templates.models import Template


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decisions about a batch of messages rest on."""

    customers: Mapping[UUID, Customer]
    standings: Mapping[UUID, Standing]
    halls: Mapping[str, Hall]
    templates: Mapping[str, Template]
    rules: Rulebook[ClassRule]
    routes: Mapping[tuple[str, str], GatewayRoute]


async def facts_about(session: AsyncSession, messages: Sequence[Message]) -> Facts:
    """A handful of statements, however many messages."""
    ids = {m.customer_id for m in messages if m.customer_id}
    customers = await audience.customers_by_id(session, ids)
    codes = {c.hall for c in customers.values()} | {m.hall for m in messages if m.hall}
    return Facts(
        customers=customers,
        standings=await suppression.standings(session, ids),
        halls=await audience.halls_by_code(session, codes),
        templates=await templates.approved_by_code(session, {m.template_code for m in messages}),
        rules=Rulebook(await budget.all_rules(session)),
        routes=await routes(session),
    )


async def routes(session: AsyncSession) -> dict[tuple[str, str], GatewayRoute]:
    """Every route; there are tens."""
    return {(r.hall, r.message_class): r for r in await session.scalars(select(GatewayRoute))}


async def replace_routes(session: AsyncSession, wanted: Iterable[GatewayRoute]) -> None:
    await session.execute(sa.delete(GatewayRoute))
    session.add_all(wanted)
    await session.flush()


async def customers_to_introduce(session: AsyncSession, ids: Iterable[UUID]) -> list[Customer]:
    """Those who are there, agreed to service SMS, and have a number."""
    standings = await suppression.standings(session, ids)
    customers = await audience.customers_by_id(session, ids)
    agreed = [id_ for id_, s in standings.items() if (word := s.words.get("service_sms")) and word.granted]
    return [customers[id_] for id_ in agreed if customers[id_].is_known and customers[id_].is_active]


async def intros_with_deadline(session: AsyncSession, ids: Iterable[UUID]) -> list[Message]:
    """Introductions that have not left the house."""
    query = select(Message).where(
        col(Message.customer_id).in_(set(ids)), Message.message_class == "intro",
        col(Message.status).in_(("planned", "held", "queued")),
    )  # fmt: skip
    return list((await session.scalars(query.order_by(col(Message.id)).with_for_update())).all())
