"""Queries of contracts and reminders. Whose they are the customer's record says, so a hand-over takes them along."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.archive.models import Customer
from services.customer.contracts.errors import ContractNotFound, ReminderNotFound
from services.customer.contracts.models import Contract, ContractReminder
from shared.database import insert_new
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to."""

    customer_id: UUID | None = None
    hall: str | None = None
    clerk: str | None = None
    ends_by: date | None = None
    ends_from: date | None = None


async def get_contract(
    session: AsyncSession, contract_id: UUID, area: Area, *, lock: bool = False
) -> Contract:
    query = select(Contract).join(Customer, _theirs()).where(Contract.id == contract_id, _inside(area))
    if lock:
        query = query.with_for_update(of=Contract)
    contract = (await session.scalars(query)).one_or_none()
    if contract is None:
        raise ContractNotFound
    return contract


async def number_taken(
    session: AsyncSession, customer_id: UUID, number: str, but: UUID | None = None
) -> bool:
    query = select(Contract.id).where(Contract.customer_id == customer_id, Contract.number == number)
    found = (await session.scalars(query)).one_or_none()
    return found is not None and found != but


async def contracts_page(session: AsyncSession, area: Area, filters: Filters, page: PageRequest) -> Page[Any]:
    """Those that end first, first."""
    query = select(Contract).join(Customer, _theirs()).where(_inside(area), *_narrowed_to(filters))
    return await paginate(session, query, [(col(Contract.ends_on), "asc"), (col(Contract.id), "asc")], page)


async def due(session: AsyncSession, today: date, limit: int) -> Sequence[Contract]:
    """Contracts with a reminder that is due, locked; what another worker is at is left out."""
    query = select(Contract).where(col(Contract.next_reminder_on) <= today).order_by(col(Contract.id))
    return (await session.scalars(query.limit(limit).with_for_update(skip_locked=True))).all()


async def add_reminders(session: AsyncSession, reminders: Iterable[ContractReminder]) -> None:
    """Each once, whatever was changed meanwhile."""
    await insert_new(session, ContractReminder, reminders, key=["contract_id", "ends_on", "days_before"])


async def reminders_page(
    session: AsyncSession, area: Area, filters: Filters, page: PageRequest, *, done: bool
) -> Page[Any]:
    """Longest due first, each with its contract."""
    answered = col(ContractReminder.done_at).is_not(None)
    query: Any = (
        sa.select(ContractReminder, Contract)
        .join(Contract, col(Contract.id) == col(ContractReminder.contract_id))
        .join(Customer, _theirs())
        .where(_inside(area), *_narrowed_to(filters), answered if done else ~answered)
    )
    return await paginate(
        session, query, [(col(ContractReminder.due_on), "asc"), (col(ContractReminder.id), "asc")], page
    )


async def get_reminder(session: AsyncSession, reminder_id: UUID, area: Area) -> ContractReminder:
    """Held until the transaction ends."""
    query = (
        select(ContractReminder)
        .join(Contract, col(Contract.id) == col(ContractReminder.contract_id))
        .join(Customer, _theirs())
        .where(ContractReminder.id == reminder_id, _inside(area))
    )
    reminder = (await session.scalars(query.with_for_update(of=ContractReminder))).one_or_none()
    if reminder is None:
        raise ReminderNotFound
    return reminder


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Number and note go and nobody is reminded any more; that there was a contract, and until when, stays."""
    theirs = sa.update(Contract).where(col(Contract.customer_id).in_(ids))
    await session.execute(
        theirs.values(number=sa.cast(Contract.id, sa.String(60)), note=None, next_reminder_on=None)
    )


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    query = select(Contract).where(Contract.customer_id == customer_id).order_by(col(Contract.id))
    return {"contracts": [_told(contract) for contract in await session.scalars(query)]}


def _told(contract: Contract) -> dict[str, Any]:
    shown = ("title", "number", "starts_on", "ends_on", "note", "created_by", "created_at")
    return {name: getattr(contract, name) for name in shown}


def _theirs() -> Any:
    return col(Customer.id) == col(Contract.customer_id)


def _inside(area: Area) -> sa.ColumnElement[bool]:
    return sa.and_(area.clause(col(Customer.hall), col(Customer.county)), col(Customer.status) != "erased")


def _narrowed_to(filters: Filters) -> list[sa.ColumnElement[bool]]:
    wanted: list[Any] = [
        column == value
        for column, value in (
            (col(Contract.customer_id), filters.customer_id),
            (col(Customer.hall), filters.hall),
            (col(Customer.clerk), filters.clerk),
        )
        if value is not None
    ]
    if filters.ends_by is not None:
        wanted.append(col(Contract.ends_on) <= filters.ends_by)
    if filters.ends_from is not None:
        wanted.append(col(Contract.ends_on) >= filters.ends_from)
    return wanted
