"""Asking for a code, paying for a try, and taking the customer's word."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive_records
from services.customer.archive import usecases as archive
from services.customer.archive.models import Customer
from services.customer.archive.usecases import ChangeConsent
from services.customer.confirmations import repository, rules
from services.customer.confirmations.errors import TooManyConsentCodes
from services.customer.confirmations.models import ConsentCode
from services.customer.consent import repository as ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.errors import ConsentRequired
from services.customer.consent.rules import Decision, Entry, Evidence, Purpose
from shared import clock, outbox
from shared.phones import PhoneBook
from shared.security.tenancy import Area

SMS = "sms"
KEY_NAME = "consent-codes"
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Keys:
    """What hashes a code to be kept, and what seals it to be sent."""

    phones: PhoneBook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestCode:
    """A customer is to say yes by reading a code aloud."""

    area: Area
    customer_id: UUID
    code_id: UUID
    code: str = field(repr=False)
    purposes: Sequence[Purpose]
    wording_version: str
    by: str


async def request_code(
    session: AsyncSession, command: RequestCode, keys: Keys, *, now: datetime
) -> ConsentCode:
    """Keep the hash, say the sealed code; an earlier code ends.

    Raises ConsentRequired when the customer does not want to be archived (then no SMS may go out), WordingUnknown,
    TooManyConsentCodes. The customer's lock makes requests take turns; the unique number of the day holds anyway.
    """
    customer = await archive_records.get_customer(session, command.customer_id, command.area, lock=True)
    if not consent_rules.granted(await ledger.entries_of(session, customer.id))[Purpose.ARCHIVE]:
        raise ConsentRequired
    await ledger.get_wording(session, command.wording_version)
    sent = await repository.number_on(session, customer.id, clock.business_date(now))
    if sent >= rules.MOST_A_DAY:
        raise TooManyConsentCodes(most=rules.MOST_A_DAY, retry_after=_until_tomorrow(now))
    await repository.end_open(session, customer.id, now)
    code = _code_of(customer, command, keys, sent + 1, now)
    session.add(code)
    outbox.add(session, code.request(customer, keys.phones.seal_text(command.code)))
    return code


@dataclass(frozen=True, slots=True)
class Confirm:
    """The customer read a code aloud."""

    area: Area
    customer_id: UUID
    code_id: UUID
    code: str = field(repr=False)
    channel: str
    clerk: str


async def pay_for_attempt(session: AsyncSession, command: Confirm, *, now: datetime) -> None:
    """Commit this before `confirm`: a wrong code must cost a try whatever happens next."""
    await archive_records.get_customer(session, command.customer_id, command.area)
    code = await _locked(session, command)
    code.attempt(now)


async def confirm(
    session: AsyncSession, command: Confirm, keys: Keys, *, now: datetime
) -> tuple[Customer, list[Entry]]:
    """Write a consent for each purpose with the code as its proof; raises ConsentCodeWrong or ConsentCodeUsed."""
    code = await _locked(session, command)
    code.use(_fingerprint(keys, command.code, code), now)
    customer = await archive_records.get_customer(session, command.customer_id, command.area)
    changes = [_granted(command, code, purpose, now) for purpose in map(Purpose, code.purposes)]
    written = [await archive.change_consent(session, change, now=now) for change in changes]
    return customer, [entry for _customer, entry in written]


def _granted(command: Confirm, code: ConsentCode, purpose: Purpose, now: datetime) -> ChangeConsent:
    return ChangeConsent(
        area=command.area,
        customer_id=command.customer_id,
        purpose=purpose,
        decision=Decision.GRANTED,
        at=now,
        channel=command.channel,
        clerk=command.clerk,
        wording_version=code.wording_version,
        evidence=Evidence(SMS, code.reference),
    )


async def _locked(session: AsyncSession, command: Confirm) -> ConsentCode:
    return await repository.get_code(session, command.customer_id, command.code_id, command.area, lock=True)


def _code_of(customer: Customer, command: RequestCode, keys: Keys, number: int, now: datetime) -> ConsentCode:
    code = ConsentCode.of(
        customer,
        code_id=command.code_id,
        purposes=[str(purpose) for purpose in rules.in_order(command.purposes)],
        wording_version=command.wording_version,
        fingerprint="",
        by=command.by,
        number=number,
        now=now,
    )
    code.fingerprint = _fingerprint(keys, command.code, code)
    return code


def _fingerprint(keys: Keys, code: str, row: ConsentCode) -> str:
    return rules.fingerprint(
        keys.secret,
        code,
        code_id=row.id,
        customer_id=row.customer_id,
        purposes=row.purposes,
        wording_version=row.wording_version,
    )


def _until_tomorrow(now: datetime) -> int:
    local = now.astimezone(clock.SHANGHAI)
    return DAY_SECONDS - (local.hour * 3600 + local.minute * 60 + local.second)
