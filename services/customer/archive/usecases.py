"""What is done with the archive. The caller opens the transaction and commits; events go through its outbox."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository, rules
from services.customer.archive.errors import (
    CustomerExists,
    ExternalIdTaken,
    NumberStoredDiffers,
    ProfileInvalid,
    RegisteredInTheFuture,
)
from services.customer.archive.models import (
    AccessLogEntry,
    CarriedOver,
    Consents,
    Customer,
    ExternalId,
    NumberStored,
)
from services.customer.archive.rules import Profile
from services.customer.consent import repository as consent_ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent import usecases as consent
from services.customer.consent.errors import ConsentRequired
from services.customer.consent.rules import Decision, Entry, Evidence, Purpose
from services.customer.consent.usecases import CLOCKS_MAY_DIFFER_BY, RecordConsents
from services.customer.directory import repository as directory
from shared import clock, ids, outbox
from shared.database import violates
from shared.errors import FieldError
from shared.phones import SealedPhone
from shared.security.tenancy import Area

RESYNC_CHUNK = 500
SMS = "sms"
VersionCheck = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class RegisterCustomer:
    """A customer was asked, answered, and may be archived."""

    area: Area
    hall: str
    clerk: str
    phone: SealedPhone
    profile: Profile
    answers: Mapping[Purpose, bool]
    evidence: Evidence
    wording_version: str
    at: datetime
    origin: str = "pos"
    number_stored: NumberStored | None = None
    external: ExternalId | None = None
    carried_over: CarriedOver = field(default_factory=CarriedOver)

    def consents_of(self, customer: Customer) -> RecordConsents:
        agreed = consent_rules.agreed_to(self.answers)
        return RecordConsents(
            customer_id=customer.id,
            hall=customer.hall,
            county=customer.county,
            decisions=dict.fromkeys(agreed, Decision.GRANTED),
            at=self.at,
            channel="import" if self.origin == "import" else "counter",
            clerk=self.clerk,
            wording_version=self.wording_version,
            evidence=self.evidence,
        )


async def register_customer(session: AsyncSession, command: RegisterCustomer, *, now: datetime) -> Customer:
    """Archive one customer.

    Raises ConsentRequired before anything is written (C1), then HallNotFound, RegisteredInTheFuture, ProfileInvalid,
    NumberStoredDiffers (C2), and CustomerExists or ExternalIdTaken when somebody was first.
    """
    if not command.answers.get(Purpose.ARCHIVE, False):
        raise ConsentRequired
    today = clock.business_date(now)
    counter = await directory.get_counter(session, command.hall, command.clerk, command.area, today)
    _check(command, counter, await repository.code_tables(session), now)
    customer = _customer_of(command, counter.county, now)
    if not await repository.insert_where_free(session, [customer]):
        raise await _taken(session, command)
    _open_records(session, {customer.id: command}, [customer], now)
    return customer


async def register_customers(
    session: AsyncSession, commands: Sequence[RegisterCustomer], *, county: str, now: datetime
) -> dict[str, UUID]:
    """Archive many customers of one county at once; their rows were checked by the import that brings them.

    Returns the new ids by phone index. Who is missing from it was archived by somebody else in the meantime.
    """
    customers = [_customer_of(command, county, now) for command in commands]
    by_id = dict(zip((customer.id for customer in customers), commands, strict=True))
    free = await repository.insert_where_free(session, customers) if customers else set()
    archived = [customer for customer in customers if customer.id in free]
    _open_records(session, by_id, archived, now)
    return {customer.phone_index: customer.id for customer in archived}


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
    consents = await _consents_of(session, *(customer.id for customer in customers))
    revisions = [c.revise(profiles[c.id], None, consents[c.id], by=by, now=now) for c in customers]
    changed = [revision for revision in revisions if revision is not None]
    await repository.add_change(session, *(change for change, _ in changed))
    outbox.add(session, *(event for _, event in changed))
    return {change.customer_id for change, _ in changed}


@dataclass(frozen=True, slots=True)
class StoreNumber:
    """The hall's name and number were put into the customer's phone (C2)."""

    area: Area
    customer_id: UUID
    stored: NumberStored


async def store_number(session: AsyncSession, command: StoreNumber, *, now: datetime) -> Customer:
    """Raises NumberStoredDiffers when it is not the hall's registered name and number."""
    customer = await repository.get_customer(session, command.customer_id, command.area, lock=True)
    if command.stored.at > now + CLOCKS_MAY_DIFFER_BY:
        raise RegisteredInTheFuture
    hall = await directory.get_hall(session, customer.hall)
    outbox.add(session, customer.store_number(command.stored, hall))
    return customer


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


@dataclass(frozen=True, slots=True)
class RevealPhone:
    """Somebody needs the clear number and says why."""

    area: Area
    customer_id: UUID
    by: str
    role: str
    reason: str


async def reveal_phone(session: AsyncSession, command: RevealPhone, *, now: datetime) -> Customer:
    """Write down who asks, and why; the edge may then open `phone_enc`, once this is committed (X2)."""
    customer = await repository.get_customer(session, command.customer_id, command.area)
    entry = AccessLogEntry(
        id=ids.uuid7(),
        at=now,
        actor=command.by,
        role=command.role,
        action="phone-revealed",
        subject_id=customer.id,
        hall=customer.hall,
        county=customer.county,
        reason=command.reason,
    )
    await repository.add_access(session, entry)
    return customer


async def say_customers_again(session: AsyncSession, after: str | None) -> str | None:
    """One chunk of every customer's present state, for a new or repaired consumer; the cursor of the next one."""
    cursor = UUID(after) if after else None
    customers = await repository.customers_after(session, cursor, RESYNC_CHUNK)
    consents = await _consents_of(session, *(customer.id for customer in customers))
    outbox.add(session, *(c.updated(consents[c.id], clock.now()) for c in customers))
    return str(customers[-1].id) if len(customers) == RESYNC_CHUNK else None


def _check(
    command: RegisterCustomer, counter: directory.Counter, tables: rules.CodeTables, now: datetime
) -> None:
    if command.at > now + CLOCKS_MAY_DIFFER_BY:
        raise RegisteredInTheFuture
    wrong = rules.unknown_codes(command.profile, tables)
    if not counter.clerk_works_here:
        wrong.append(FieldError("/clerk", "clerk-unknown", "该营业厅没有这个工号的在岗营业员，请核对。"))
    if wrong:
        raise ProfileInvalid(errors=wrong)
    stored = command.number_stored
    if stored and (differing := rules.differences_from_plate(stored.name, stored.number, counter)):
        raise NumberStoredDiffers(errors=differing)


def _customer_of(command: RegisterCustomer, county: str, now: datetime) -> Customer:
    stored, external, profile = command.number_stored, command.external, command.profile
    return Customer(
        id=ids.uuid7(),
        hall=command.hall,
        county=county,
        clerk=command.clerk,
        phone_enc=command.phone.enc,
        phone_index=command.phone.index,
        phone_masked=command.phone.masked,
        name=profile.name,
        brand=profile.brand,
        age_band=profile.age_band,
        spend_band=profile.spend_band,
        gender=profile.gender,
        habits=list(profile.habits),
        habits_note=profile.habits_note,
        preferences=list(profile.preferences),
        preferences_note=profile.preferences_note,
        number_stored_name=stored.name if stored else None,
        number_stored_number=stored.number if stored else None,
        number_stored_at=stored.at if stored else None,
        number_stored_by=stored.by if stored else None,
        carried_sms_count=command.carried_over.sms_count,
        carried_recommendations=command.carried_over.recommendations,
        carried_services=command.carried_over.services,
        external_source=external.source if external else None,
        external_id=external.id if external else None,
        archived_at=command.at,
        archived_by=command.clerk,
        recorded_at=now,
        last_contact_at=command.at,
    )


def _open_records(
    session: AsyncSession,
    commands: Mapping[UUID, RegisterCustomer],
    customers: Sequence[Customer],
    now: datetime,
) -> None:
    """What belongs to every new record: its first consents, and the event that says so."""
    agreed = [commands[customer.id].consents_of(customer) for customer in customers]
    consents = _by_customer(consent.record_consents(session, *agreed, now=now))
    for customer in customers:
        said = customer.register(consents[customer.id], origin=commands[customer.id].origin)
        outbox.add(session, *said)


async def _taken(session: AsyncSession, command: RegisterCustomer) -> CustomerExists | ExternalIdTaken:
    """Which of the two unique indexes said no. The id of another hall's customer opens nothing for this caller."""
    existing = await repository.active_id_of(session, command.phone.index)
    return CustomerExists(existing_id=existing) if existing else ExternalIdTaken()


async def _revise(
    session: AsyncSession, customer: Customer, profile: Profile, command: EditCustomer, now: datetime
) -> None:
    if wrong := rules.unknown_codes(profile, await repository.code_tables(session)):
        raise ProfileInvalid(errors=wrong)
    if command.phone and command.phone.index != customer.phone_index:
        await _ensure_free(session, command.phone)
    consents = (await _consents_of(session, customer.id))[customer.id]
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


async def _consents_of(session: AsyncSession, *customer_ids: UUID) -> dict[UUID, Consents]:
    by_customer = _by_customer(await consent_ledger.entries_of(session, *customer_ids))
    return {customer_id: by_customer.get(customer_id, {}) for customer_id in customer_ids}


def _by_customer(entries: Iterable[Entry]) -> dict[UUID, Consents]:
    grouped: dict[UUID, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.customer_id, []).append(entry)
    return {customer_id: consent_rules.in_force(theirs) for customer_id, theirs in grouped.items()}


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
