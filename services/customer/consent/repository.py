"""Queries of the consent ledger and its wordings."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.consent.errors import WordingUnknown
from services.customer.consent.models import Consent, ConsentWording, Decided
from services.customer.consent.rules import Purpose
from shared import last_writes
from shared.database import insert_new
from shared.personal_data import told


def append(session: AsyncSession, entries: Iterable[Decided]) -> None:
    """They are in the ledger once the caller's transaction ends; nobody reads them back before."""
    last_writes.add(session, Consent, map(vars, entries))


async def entries_of(session: AsyncSession, *customer_ids: UUID) -> Sequence[Consent]:
    """The whole ledger of these customers, in the order it was written."""
    query = select(Consent).where(col(Consent.customer_id).in_(customer_ids)).order_by(col(Consent.id))
    return (await session.scalars(query)).all()


async def imported_among(session: AsyncSession, customer_ids: Sequence[UUID]) -> set[UUID]:
    """Those of them who came with a sheet: their consent to be archived was brought in, not asked at the counter."""
    query = select(Consent.customer_id).where(
        col(Consent.customer_id).in_(customer_ids),
        Consent.channel == "import",
        Consent.purpose == Purpose.ARCHIVE,
    )
    return set((await session.scalars(query)).all())


async def wordings(session: AsyncSession) -> Sequence[ConsentWording]:
    """Every wording there ever was, newest first."""
    newest = col(ConsentWording.effective_from).desc(), col(ConsentWording.version).desc()
    return (await session.scalars(select(ConsentWording).order_by(*newest))).all()


async def get_wording(session: AsyncSession, version: str) -> ConsentWording:
    """Raises WordingUnknown."""
    wording = await session.get(ConsentWording, version)
    if wording is None:
        raise WordingUnknown
    return wording


async def add_wording(session: AsyncSession, wording: ConsentWording) -> bool:
    """False when the version is there already."""
    return bool(await insert_new(session, ConsentWording, [wording], key=["version"]))


async def wording_on(session: AsyncSession, day: date) -> ConsentWording:
    """The wording to read aloud that day."""
    query = select(ConsentWording).where(col(ConsentWording.effective_from) <= day)
    newest = col(ConsentWording.effective_from).desc(), col(ConsentWording.version).desc()
    return (await session.scalars(query.order_by(*newest).limit(1))).one()


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The whole ledger, oldest first."""
    return {"consents": [told(entry, "customer_id") for entry in await entries_of(session, customer_id)]}
