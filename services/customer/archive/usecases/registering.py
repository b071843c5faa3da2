"""Archiving customers who agreed: one at the counter, or an import's many. The unique indexes decide who was first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

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
    CarriedOver,
    Customer,
    ExternalId,
    NumberStored,
)
from services.customer.archive.rules import Profile
from services.customer.consent import rules as consent_rules
from services.customer.consent import usecases as consent
from services.customer.consent.errors import ConsentRequired
from services.customer.consent.rules import Decision, Evidence, Purpose
from services.customer.consent.usecases import CLOCKS_MAY_DIFFER_BY, RecordConsents
from services.customer.directory import repository as directory
from shared import clock, ids, outbox
from shared.database import as_loaded
from shared.errors import FieldError
from shared.phones import SealedPhone
from shared.security.tenancy import Area


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

    Raises ConsentRequired before anything is written (C1), then HallNotFound, RegisteredInTheFuture, ProfileInvalid and
    NumberStoredDiffers (C2). The transaction ends with CustomerExists or ExternalIdTaken when somebody was first.
    """
    if not command.answers.get(Purpose.ARCHIVE, False):
        raise ConsentRequired
    counter = await _checked(session, command, now)
    customer = _customer_of(command, counter.county, now)
    repository.insert_if_free(session, customer, otherwise=partial(_taken, command))
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


async def _checked(session: AsyncSession, command: RegisterCustomer, now: datetime) -> directory.Counter:
    """Judged by the directory of a moment ago; what that would refuse, by the directory as it is."""
    asked = command.hall, command.clerk, command.area, clock.business_date(now)
    tables = await repository.code_tables(session)
    try:
        counter = await directory.recent_counter(session, *asked)
        _check(command, counter, tables, now)
    except (ProfileInvalid, NumberStoredDiffers):
        counter = await directory.get_counter(session, *asked)
        _check(command, counter, tables, now)
    return counter


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
    return as_loaded(
        Customer,
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
    consents = consent_rules.in_force_by_customer(consent.record_consents(session, *agreed, now=now))
    for customer in customers:
        said = customer.register(consents[customer.id], origin=commands[customer.id].origin)
        outbox.add(session, *said)


async def _taken(command: RegisterCustomer, session: AsyncSession) -> CustomerExists | ExternalIdTaken:
    """Which of the two unique indexes said no. The id of another hall's customer opens nothing for this caller."""
    existing = await repository.active_id_of(session, command.phone.index)
    return CustomerExists(existing_id=existing) if existing else ExternalIdTaken()
