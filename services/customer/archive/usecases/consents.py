"""A registered customer grants or withdraws: a new row in the ledger, and the next version of the customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository
from services.customer.archive.models import (
    Customer,
)
from services.customer.consent import repository as consent_ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent import usecases as consent
from services.customer.consent.rules import Decision, Entry, Evidence, Purpose
from services.customer.consent.usecases import RecordConsents
from shared import outbox
from shared.security.tenancy import Area

SMS = "sms"


@dataclass(frozen=True, slots=True)
class ChangeConsent:
    """A registered customer grants or withdraws consent for one purpose."""

    area: Area
    customer_id: UUID
    purpose: Purpose
    decision: Decision
    at: datetime
    channel: str
    clerk: str
    wording_version: str
    evidence: Evidence


async def change_consent(
    session: AsyncSession, command: ChangeConsent, *, now: datetime
) -> tuple[Customer, Entry]:
    """Write the decision into the ledger and say it if it is now in force.

    A decision made earlier than one already known is kept for the record and changes nothing. Leaving the archive
    withdraws every other purpose with it.
    """
    customer = await repository.get_customer(session, command.customer_id, command.area, lock=True)
    known = await consent_ledger.entries_of(session, customer.id)
    purposes = consent_rules.affected_by(command.purpose, command.decision, consent_rules.granted(known))
    written = consent.record_consents(session, _record(command, customer, purposes), now=now)
    ledger: list[Entry] = [*known, *written]
    in_force = consent_rules.in_force(ledger).values()
    outbox.add(session, *(customer.consent_changed(entry) for entry in written if entry in in_force))
    return customer, written[0]


@dataclass(frozen=True, slots=True)
class WithdrawBySms:
    """Somebody answered an SMS of ours with an opt-out word."""

    phone_index: str
    purposes: Sequence[Purpose]
    at: datetime
    inbound_id: str


async def withdraw_by_sms(session: AsyncSession, command: WithdrawBySms, *, now: datetime) -> None:
    """Nothing happens when the number is nobody's any more: then there is nothing left to withdraw."""
    customer = await repository.customer_with_phone_or_none(session, command.phone_index, Area.everything())
    if customer is None:
        return
    for purpose in command.purposes:
        withdrawal = ChangeConsent(
            area=Area.everything(),
            customer_id=customer.id,
            purpose=purpose,
            decision=Decision.WITHDRAWN,
            at=command.at,
            channel=SMS,
            clerk="",
            wording_version=SMS,
            evidence=Evidence(SMS, command.inbound_id),
        )
        await change_consent(session, withdrawal, now=now)


def _record(command: ChangeConsent, customer: Customer, purposes: Sequence[Purpose]) -> RecordConsents:
    return RecordConsents(
        customer_id=customer.id,
        hall=customer.hall,
        county=customer.county,
        decisions=dict.fromkeys(purposes, command.decision),
        at=command.at,
        channel=command.channel,
        clerk=command.clerk or ("" if command.channel == SMS else customer.clerk),
        wording_version=command.wording_version,
        evidence=command.evidence,
    )
