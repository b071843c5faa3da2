"""Changing records: by hand, from another system, or by an import; what was before stays in the history, masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository, rules
from services.customer.archive.errors import (
    CustomerExists,
    ProfileInvalid,
)
from services.customer.archive.models import (
    Customer,
)
from services.customer.archive.rules import Profile
from services.customer.archive.usecases.registering import RegisterCustomer, register_customer
from shared import outbox
from shared.database import violates
from shared.errors import VersionCheck
from shared.phones import SealedPhone
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class EditCustomer:
    """Fields of a record are different from now on, or were typed wrongly."""

    area: Area
    customer_id: UUID
    changes: Mapping[str, Any]
    by: str
    phone: SealedPhone | None = None


async def edit_customer(
    session: AsyncSession, command: EditCustomer, *, unless_stale: VersionCheck, now: datetime
) -> Customer:
    """Change a record and keep the old values in its history, masked. Raises as registering does."""
    customer = await repository.get_customer(session, command.customer_id, command.area, lock=True)
    unless_stale(customer.version)
    await _revise(session, customer, replace(customer.profile, **command.changes), command, now)
    return customer


async def put_customer(
    session: AsyncSession, command: RegisterCustomer, *, by: str, unless_stale: VersionCheck, now: datetime
) -> tuple[Customer, bool]:
    """Register the customer whom another system knows by this id, or bring their record up to date.

    The second value tells whether the customer is new. Hall, clerk and consents of a known customer are not touched:
    they have entries of their own. A body that changes nothing needs no version.
    """
    customer = await repository.customer_with_external_id_or_none(session, command.external, command.area)
    if customer is None:
        return await register_customer(session, command, now=now), True
    if command.profile != customer.profile or command.phone.index != customer.phone_index:
        unless_stale(customer.version)
    edit = EditCustomer(command.area, customer.id, {}, by, command.phone)
    await _revise(session, customer, command.profile, edit, now)
    return customer, False


async def revise_customers(
    session: AsyncSession,
    profiles: Mapping[UUID, Profile],
    customers: Sequence[Customer],
    *,
    by: str,
    now: datetime,
) -> set[UUID]:
    """Bring many loaded customers up to date in one go; returns the ids of those that changed."""
    consents = await repository.consents_of(session, *(customer.id for customer in customers))
    revisions = [c.revise(profiles[c.id], None, consents[c.id], by=by, now=now) for c in customers]
    changed = [revision for revision in revisions if revision is not None]
    await repository.add_change(session, *(change for change, _ in changed))
    outbox.add(session, *(event for _, event in changed))
    return {change.customer_id for change, _ in changed}


async def _revise(
    session: AsyncSession, customer: Customer, profile: Profile, command: EditCustomer, now: datetime
) -> None:
    if wrong := rules.unknown_codes(profile, await repository.code_tables(session)):
        raise ProfileInvalid(errors=wrong)
    if command.phone and command.phone.index != customer.phone_index:
        await _ensure_free(session, command.phone)
    consents = (await repository.consents_of(session, customer.id))[customer.id]
    if revision := customer.revise(profile, command.phone, consents, by=command.by, now=now):
        change, event = revision
        await _flush_unless_taken(session)
        await repository.add_change(session, change)
        outbox.add(session, event)


async def _ensure_free(session: AsyncSession, phone: SealedPhone) -> None:
    if existing := await repository.active_id_of(session, phone.index):
        raise CustomerExists(existing_id=existing)


async def _flush_unless_taken(session: AsyncSession) -> None:
    """Somebody may have registered the number since we looked; the unique index knows."""
    try:
        await session.flush()
    except IntegrityError as error:
        if violates(error, Customer, "uq_customers_phone_active"):
            raise CustomerExists(existing_id=None) from error
        raise
