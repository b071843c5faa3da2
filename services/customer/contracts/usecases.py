"""Contracts agreed, changed, remembered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive
from services.customer.contracts import repository
from services.customer.contracts.errors import ContractExists
from services.customer.contracts.models import Contract, ContractReminder
from shared import clock
from shared.database import violates
from shared.errors import VersionCheck
from shared.security.tenancy import Area

CHUNK = 500


@dataclass(frozen=True, slots=True)
class AgreeContract:
    """A customer agreed to something for a time."""

    area: Area
    customer_id: UUID
    content: Mapping[str, Any]
    by: str


async def agree_contract(session: AsyncSession, command: AgreeContract, *, now: datetime) -> Contract:
    """Raises CustomerNotFound, ContractExists, ContractInvalid."""
    customer = await archive.get_customer(session, command.customer_id, command.area)
    today = clock.business_date(now)
    contract = Contract.agreed(customer.id, command.content, by=command.by, today=today, now=now)
    if await repository.number_taken(session, customer.id, contract.number):
        raise ContractExists
    session.add(contract)
    await _flush(session)
    return contract


@dataclass(frozen=True, slots=True)
class ReviseContract:
    """A contract was extended, or written down wrongly."""

    area: Area
    contract_id: UUID
    changes: Mapping[str, Any]


async def revise_contract(
    session: AsyncSession, command: ReviseContract, *, unless_stale: VersionCheck, now: datetime
) -> Contract:
    """Another end has reminders of its own. Raises ContractNotFound, ContractExists, ContractInvalid."""
    contract = await repository.get_contract(session, command.contract_id, command.area, lock=True)
    unless_stale(contract.version)
    if contract.revise(command.changes, today=clock.business_date(now)):
        await _flush(session)
    return contract


async def remind_of_contracts(session: AsyncSession, *, now: datetime) -> bool:
    """Put what is due on the list; True while there may be more."""
    today = clock.business_date(now)
    contracts = await repository.due(session, today, CHUNK)
    await repository.add_reminders(session, [contract.remind(today) for contract in contracts])
    return len(contracts) == CHUNK or any(_still_due(contract, now) for contract in contracts)


async def complete_reminder(
    session: AsyncSession, reminder_id: UUID, area: Area, *, by: str, now: datetime
) -> ContractReminder:
    """Somebody spoke with the customer. Raises ReminderNotFound."""
    reminder = await repository.get_reminder(session, reminder_id, area)
    reminder.complete(by, now=now)
    return reminder


def _still_due(contract: Contract, now: datetime) -> bool:
    return contract.next_reminder_on is not None and contract.next_reminder_on <= clock.business_date(now)


async def _flush(session: AsyncSession) -> None:
    """Somebody may have written the same number down since we looked; the constraint knows."""
    try:
        await session.flush()
    except IntegrityError as error:
        if violates(error, Contract, "uq_contracts_number"):
            raise ContractExists from error
        raise
