"""Queries of what stands against writing to somebody: four statements for any number of customers."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.audience import repository as audience
from services.messaging.audience.models import ACTIVE, Customer
from services.messaging.suppression.errors import SuppressionNotFound
from services.messaging.suppression.models import (
    DO_NOT_CONTACT,
    NUMBER_DEAD,
    OPTED_OUT,
    NumberRule,
    Suppression,
)
from services.messaging.suppression.rules import Standing, Word
from shared.database import upsert
from shared.pagination import Page, PageRequest, paginate
from shared.personal_data import told
from shared.security.tenancy import Area

NOBODY = Standing(archived=False, active=False, words={})


async def suppress(session: AsyncSession, entry: Suppression) -> None:
    """Note the number; a later reason of the same kind moves the time forward, never back."""
    changed = [name for name in Suppression.model_fields if name not in ("phone_index", "reason", "id")]
    await upsert(session, Suppression, [entry], key=["phone_index", "reason"], update=changed, newer_by="at")


async def get_entry(session: AsyncSession, phone_index: str, reason: str) -> Suppression:
    query = select(Suppression).where(Suppression.phone_index == phone_index, Suppression.reason == reason)
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def get_suppression(
    session: AsyncSession, suppression_id: UUID, area: Area, *, hold: bool = False
) -> Suppression:
    """Raises SuppressionNotFound, also outside the area."""
    within = area.clause(col(Suppression.hall), col(Suppression.county))
    query = select(Suppression).where(Suppression.id == suppression_id, within)
    if hold:
        query = query.with_for_update().execution_options(populate_existing=True)
    entry = (await session.scalars(query)).one_or_none()
    if entry is None:
        raise SuppressionNotFound
    return entry


async def suppressions_page(
    session: AsyncSession, area: Area, page: PageRequest, *, reason: str | None = None, lifted: bool = False
) -> Page[Any]:
    """Newest first."""
    s = Suppression
    standing = col(s.lifted_at).is_not(None) if lifted else col(s.lifted_at).is_(None)
    query = select(s).where(standing, area.clause(col(s.hall), col(s.county)))
    if reason is not None:
        query = query.where(s.reason == reason)
    return await paginate(session, query, [(col(s.id), "desc")], page)


async def number_rules(session: AsyncSession) -> dict[str, NumberRule]:
    return {rule.failure: rule for rule in await session.scalars(select(NumberRule))}


async def replace_number_rules(session: AsyncSession, wanted: Iterable[NumberRule]) -> None:
    await session.execute(sa.delete(NumberRule))
    session.add_all(wanted)
    await session.flush()


async def entries_of(session: AsyncSession, indexes: Iterable[str]) -> dict[tuple[str, str], Suppression]:
    """Entries in force and lifted ones."""
    query = select(Suppression).where(col(Suppression.phone_index).in_(set(indexes)))
    fresh = query.execution_options(populate_existing=True)
    return {(s.phone_index, s.reason): s for s in await session.scalars(fresh)}


async def number_tasks_page(
    session: AsyncSession, area: Area, page: PageRequest, *, clerk: str | None = None
) -> Page[Any]:
    """Dead numbers that are still some customer's, the oldest first: corrected ones are nobody's any more."""
    s, c = Suppression, Customer
    held = sa.select(col(c.id)).where(
        col(c.phone_index) == col(s.phone_index),
        col(c.status) == ACTIVE,
        area.clause(col(c.hall), col(c.county)),
    )
    if clerk is not None:
        held = held.where(col(c.clerk) == clerk)
    query = select(s).where(s.reason == NUMBER_DEAD, col(s.lifted_at).is_(None), held.exists())
    return await paginate(session, query, [(col(s.id), "asc")], page)


async def erase(session: AsyncSession, numbers: Collection[str]) -> None:
    """Numbers whose holder is gone: whoever has them next is asked anew."""
    await session.execute(sa.delete(Suppression).where(col(Suppression.phone_index).in_(numbers)))


async def suppressions_of(session: AsyncSession, indexes: Iterable[str]) -> dict[tuple[str, str], datetime]:
    query = select(Suppression).where(
        col(Suppression.phone_index).in_(set(indexes)), col(Suppression.lifted_at).is_(None)
    )
    fresh = query.execution_options(populate_existing=True)
    return {(s.phone_index, s.reason): s.at for s in await session.scalars(fresh)}


def stands_against(phone_index: Any, *, agreed_at: Any) -> sa.ColumnElement[bool]:
    """Whether anything stands against a number whose owner agreed then: for counting in the database."""
    s = Suppression
    later = sa.or_(col(s.reason) != OPTED_OUT, col(s.at) >= agreed_at)
    return sa.exists().where(col(s.phone_index) == phone_index, col(s.lifted_at).is_(None), later)


async def standings(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """What stands for and against each of these customers now."""
    wanted = set(ids)
    customers = await audience.customers_by_id(session, wanted)
    consents = await audience.consents_of(session, wanted)
    troubles = await audience.troubles_of(session, wanted)
    numbers = await suppressions_of(session, [c.phone_index for c in customers.values() if c.phone_index])
    words: dict[UUID, dict[str, Word]] = {id_: {} for id_ in wanted}
    for (id_, purpose), c in consents.items():
        words[id_][purpose] = Word(c.consent_id, c.granted, c.at, c.wording_version)
    return {
        id_: _standing(customer, words[id_], numbers, *troubles.get(id_, (False, None)))
        for id_, customer in customers.items()
    }


def _standing(
    customer: Customer,
    words: dict[str, Word],
    numbers: dict[tuple[str, str], datetime],
    ticket_open: bool,
    ticket_closed_at: datetime | None,
) -> Standing:
    index = customer.phone_index or ""
    return Standing(
        archived=customer.is_known or not customer.is_active,
        active=customer.is_active,
        words=words,
        opted_out_at=numbers.get((index, OPTED_OUT)),
        number_dead=(index, NUMBER_DEAD) in numbers,
        do_not_contact=(index, DO_NOT_CONTACT) in numbers,
        ticket_open=ticket_open,
        ticket_closed_at=ticket_closed_at,
    )


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """What stands against writing to the number."""
    number = sa.select(col(Customer.phone_index)).where(col(Customer.id) == customer_id).scalar_subquery()
    found = await session.scalars(select(Suppression).where(col(Suppression.phone_index) == number))
    return {"suppressions": [told(entry) for entry in found]}
