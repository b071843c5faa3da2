"""Every query of the archive. Whoever asks with an area sees nothing outside it."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.archive.errors import CustomerNotFound
from services.customer.archive.models import (
    CodeRow,
    Consents,
    Customer,
    CustomerChange,
    CustomerMessage,
    CustomerOffer,
    CustomerTicket,
    ExternalId,
    Post,
)
from services.customer.archive.rules import Code, CodeTables
from services.customer.consent import repository as consent_ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.models import Consent
from shared import last_writes
from shared.database import among, insert_new, insert_rows, upsert, values_of
from shared.last_writes import Guard
from shared.pagination import Page, PageRequest, paginate
from shared.personal_data import told
from shared.security.tenancy import Area

EVERYWHERE = Area.everything()
CODES_ARE_READ_AGAIN_AFTER = 60.0
_codes: WeakKeyDictionary[sa.Engine, tuple[float, CodeTables]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of customers is narrowed to."""

    hall: str | None = None
    clerk: str | None = None
    brand: int | None = None
    tier: str | None = None
    not_contacted_since: datetime | None = None
    name_starts_with: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A customer with everything a line of the archive shows."""

    customer: Customer
    consents: Sequence[Consent]
    tickets: Sequence[CustomerTicket]
    offers: Sequence[CustomerOffer] = ()


async def code_tables(session: AsyncSession) -> CodeTables:
    """The code tables. Read again once a minute: they change once in years, and every registration needs them."""
    bind = session.get_bind()
    engine = bind.engine
    read_at, tables = _codes.get(engine, (0.0, None))
    if tables is None or time.monotonic() - read_at > CODES_ARE_READ_AGAIN_AFTER:
        rows = (await session.scalars(select(CodeRow).order_by(col(CodeRow.kind), col(CodeRow.code)))).all()
        tables = CodeTables(Code(row.kind, row.code, row.label, row.lower, row.upper) for row in rows)
        _codes[engine] = time.monotonic(), tables
    return tables


async def get_customer(
    session: AsyncSession, customer_id: UUID, area: Area = EVERYWHERE, *, lock: bool = False
) -> Customer:
    query = select(Customer).where(Customer.id == customer_id, _visible_from(area))
    customer = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if customer is None:
        raise CustomerNotFound
    return customer


async def customer_or_none(session: AsyncSession, customer_id: UUID | None, area: Area) -> Customer | None:
    query = select(Customer).where(Customer.id == customer_id, _visible_from(area))
    return (await session.scalars(query)).one_or_none()


async def customer_with_phone_or_none(session: AsyncSession, phone_index: str, area: Area) -> Customer | None:
    query = select(Customer).where(
        Customer.phone_index == phone_index, Customer.status == "active", _visible_from(area)
    )
    return (await session.scalars(query)).one_or_none()


async def get_customer_with_phone(session: AsyncSession, phone_index: str, area: Area) -> Customer:
    customer = await customer_with_phone_or_none(session, phone_index, area)
    if customer is None:
        raise CustomerNotFound
    return customer


async def customer_with_external_id_or_none(
    session: AsyncSession, external: ExternalId | None, area: Area
) -> Customer | None:
    """Locked until the transaction ends."""
    if external is None:
        return None
    query = select(Customer).where(
        Customer.external_source == external.source, Customer.external_id == external.id, _visible_from(area)
    )
    return (await session.scalars(query.with_for_update())).one_or_none()


async def active_id_of(session: AsyncSession, phone_index: str) -> UUID | None:
    """Whose number it is, in whatever hall: an id and nothing else."""
    query = select(Customer.id).where(Customer.phone_index == phone_index, Customer.status == "active")
    return (await session.scalars(query)).one_or_none()


async def active_among(session: AsyncSession, phone_indexes: Iterable[str]) -> Sequence[Customer]:
    """The active customers with one of these numbers, in whatever hall, locked."""
    query = select(Customer).where(
        among(session, col(Customer.phone_index), phone_indexes), Customer.status == "active"
    )
    return (await session.scalars(query.order_by(col(Customer.id)).with_for_update())).all()


async def customer_even_erased(session: AsyncSession, customer_id: UUID, area: Area) -> Customer:
    """A customer, or what is left of one, locked; raises CustomerNotFound."""
    within = area.clause(col(Customer.hall), col(Customer.county))
    query = select(Customer).where(Customer.id == customer_id, within).with_for_update()
    customer = (await session.scalars(query)).one_or_none()
    if customer is None:
        raise CustomerNotFound
    return customer


async def locked(session: AsyncSession, ids: Iterable[UUID], *conditions: Any) -> Sequence[Customer]:
    """Those of these customers of whom the conditions still hold, locked in the order of their ids."""
    query = select(Customer).where(col(Customer.id).in_(list(ids)), *conditions)
    return (await session.scalars(query.order_by(col(Customer.id)).with_for_update())).all()


async def names_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names by id, for lists that were narrowed to an area already."""
    rows = await session.execute(
        sa.select(col(Customer.id), col(Customer.name)).where(col(Customer.id).in_(list(ids)))
    )
    return {row[0]: row[1] for row in rows}


async def customers_page(session: AsyncSession, area: Area, filters: Filters, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(Customer).where(_visible_from(area), *_narrowed_to(filters))
    return await paginate(session, query, [(col(Customer.id), "desc")], page)


async def customers_after(
    session: AsyncSession,
    after: UUID | None,
    limit: int,
    area: Area = EVERYWHERE,
    filters: Filters = Filters(),
) -> Sequence[Customer]:
    """Oldest first, for those who walk through all of them in chunks."""
    query = select(Customer).where(_visible_from(area), Customer.status == "active", *_narrowed_to(filters))
    if after is not None:
        query = query.where(col(Customer.id) > after)
    return (await session.scalars(query.order_by(col(Customer.id)).limit(limit))).all()


def insert_if_free(
    session: AsyncSession, customer: Customer, *, otherwise: Callable[[AsyncSession], Awaitable[Exception]]
) -> None:
    """Insert with the transaction's last statement, or raise `otherwise` there.

    The unique indexes decide, so that of any number of registrations at the same moment one wins.
    """
    guard = Guard("ON CONFLICT DO NOTHING", otherwise)
    last_writes.add(session, Customer, [values_of(customer)], guard)


async def insert_where_free(session: AsyncSession, customers: Sequence[Customer]) -> set[UUID]:
    """Insert those of many whose number and external id are not taken, and return their ids."""
    return await insert_new(session, Customer, customers, key=["id"], any_index=True)


_THE_LAST_WORD = Guard(
    "ON CONFLICT (customer_id, product) DO UPDATE SET title = excluded.title, outcome = excluded.outcome, "
    "reason = excluded.reason, at = excluded.at",
    CustomerNotFound(),  # never refuses: it always lets its rows in
)


async def add_change(session: AsyncSession, *changes: CustomerChange) -> None:
    await insert_rows(session, CustomerChange, changes)


async def changes_page(session: AsyncSession, customer_id: UUID, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(CustomerChange).where(CustomerChange.customer_id == customer_id)
    return await paginate(session, query, [(col(CustomerChange.id), "desc")], page)


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Of their history stays who changed the record and when, and not what. Their rows have a verb of their own."""
    theirs = col(CustomerChange.customer_id).in_(ids)
    await session.execute(sa.update(CustomerChange).where(theirs).values(changes=[]))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The record, its history, and the messages and tickets it shows."""
    customer = await get_customer(session, customer_id)
    changes = select(CustomerChange).where(CustomerChange.customer_id == customer_id)
    sent = select(CustomerMessage).where(CustomerMessage.customer_id == customer_id)
    messages = (await session.scalars(sent.order_by(col(CustomerMessage.sent_at)))).all()
    history = await session.scalars(changes.order_by(col(CustomerChange.id)))
    return {
        "customer": told(customer),
        "changes": [told(change, "id", "customer_id") for change in history],
        "messages": [told(message, "customer_id") for message in messages],
        "tickets": [told(t, "customer_id", "version") for t in await tickets_of(session, customer_id)],
    }


async def count_messages(session: AsyncSession, messages: Iterable[CustomerMessage]) -> None:
    """Count each message once: what is already in the projection raises no count."""
    by_id = {message.message_id: message for message in messages}
    new = await insert_new(session, CustomerMessage, by_id.values(), key=["message_id"])
    counts: dict[UUID, int] = {}
    for message_id in new:
        customer_id = by_id[message_id].customer_id
        counts[customer_id] = counts.get(customer_id, 0) + 1
    await _raise_counts(session, counts)


async def _raise_counts(session: AsyncSession, counts: Mapping[UUID, int]) -> None:
    """In the order of ids, so that two workers cannot wait for each other."""
    if not counts:
        return
    raised = col(Customer.sms_count) + sa.bindparam("more")
    update = sa.update(Customer).where(col(Customer.id) == sa.bindparam("customer")).values(sms_count=raised)
    connection = await session.connection()
    await connection.execute(update, [{"customer": key, "more": counts[key]} for key in sorted(counts)])


async def move_to_tier(session: AsyncSession, tier: str, customer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Put these customers, whom the caller has locked, into a tier; returns their new versions (C8)."""
    if not customer_ids:
        return {}
    move = sa.update(Customer).where(col(Customer.id).in_(customer_ids))
    moved = move.values(tier=tier, version=col(Customer.version) + 1)
    returned = moved.returning(col(Customer.id), col(Customer.version))
    rows = await session.execute(returned.execution_options(synchronize_session=False))
    return {row[0]: row[1] for row in rows}


async def posts_of_clerk(session: AsyncSession, clerk: str, area: Area) -> list[Post]:
    """The halls in which a clerk has customers; one, unless they moved and nothing was handed over."""
    query = sa.select(col(Customer.hall), col(Customer.county)).where(
        col(Customer.clerk) == clerk, _visible_from(area)
    )
    rows = await session.execute(query.distinct().order_by(col(Customer.hall)))
    return [Post(row[0], row[1], clerk) for row in rows]


async def move_to_post(session: AsyncSession, before: Post, after: Post) -> dict[UUID, int]:
    """Everybody of one post goes to another, in one statement; returns their new versions (C9). Who left stays."""
    mine = [col(getattr(Customer, name)) == value for name, value in before.columns.items()]
    move = sa.update(Customer).where(*mine, col(Customer.status) == "active")
    moved = move.values(**after.columns, version=col(Customer.version) + 1)
    returned = moved.returning(col(Customer.id), col(Customer.version))
    rows = await session.execute(returned.execution_options(synchronize_session=False))
    return {row[0]: row[1] for row in rows}


async def put_ticket(session: AsyncSession, ticket: CustomerTicket) -> None:
    """Keep what is newest, whatever the order in which it is heard; a rating stays."""
    facts = ["customer_id", "version", "kind", "category", "status", "received_at"]
    await upsert(session, CustomerTicket, [ticket], key=["ticket_id"], update=facts, newer_by="version")


async def put_ticket_score(session: AsyncSession, ticket: CustomerTicket) -> None:
    """A rating says nothing of the status, so it may come before the ticket itself."""
    await upsert(session, CustomerTicket, [ticket], key=["ticket_id"], update=["score"])


async def tickets_of(session: AsyncSession, *customer_ids: UUID) -> Sequence[CustomerTicket]:
    """Oldest first."""
    query = select(CustomerTicket).where(col(CustomerTicket.customer_id).in_(customer_ids))
    return (await session.scalars(query.order_by(col(CustomerTicket.received_at)))).all()


def put_offers(session: AsyncSession, offers: Iterable[CustomerOffer]) -> None:
    """How things stand now, with the transaction's last statement; whoever speaks last is right."""
    last_writes.add(session, CustomerOffer, [values_of(offer) for offer in offers], _THE_LAST_WORD)


async def offers_of(session: AsyncSession, *customer_ids: UUID) -> Sequence[CustomerOffer]:
    """In the order in which they were last spoken of."""
    query = select(CustomerOffer).where(col(CustomerOffer.customer_id).in_(customer_ids))
    return (await session.scalars(query.order_by(col(CustomerOffer.at), col(CustomerOffer.product)))).all()


async def forget_offers(session: AsyncSession, customer_ids: Sequence[UUID]) -> None:
    """Of customers whose identity is erased."""
    await session.execute(sa.delete(CustomerOffer).where(col(CustomerOffer.customer_id).in_(customer_ids)))


async def consents_of(session: AsyncSession, *customer_ids: UUID) -> dict[UUID, Consents]:
    """The ledger's entries in force for each of these customers."""
    in_force = consent_rules.in_force_by_customer(await consent_ledger.entries_of(session, *customer_ids))
    return {customer_id: in_force.get(customer_id, {}) for customer_id in customer_ids}


async def record_of(session: AsyncSession, customer: Customer) -> Record:
    (record,) = await _with_surroundings(session, [customer])
    return record


async def records_of_hall(session: AsyncSession, hall: str, after: UUID | None, limit: int) -> list[Record]:
    """Oldest first, for the sheet."""
    customers = await customers_after(session, after, limit, filters=Filters(hall=hall))
    return await _with_surroundings(session, customers)


async def _with_surroundings(session: AsyncSession, customers: Sequence[Customer]) -> list[Record]:
    ids = [customer.id for customer in customers]
    consents = _grouped(await consent_ledger.entries_of(session, *ids))
    tickets = _grouped(await tickets_of(session, *ids))
    offers = _grouped(await offers_of(session, *ids))
    return [Record(c, consents.get(c.id, ()), tickets.get(c.id, ()), offers.get(c.id, ())) for c in customers]


def _grouped(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    grouped: dict[UUID, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.customer_id, []).append(row)
    return grouped


def _visible_from(area: Area) -> sa.ColumnElement[bool]:
    within = area.clause(col(Customer.hall), col(Customer.county))
    return sa.and_(within, col(Customer.status) != "erased")


def _narrowed_to(filters: Filters) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = [
        column == value
        for column, value in (
            (col(Customer.hall), filters.hall),
            (col(Customer.clerk), filters.clerk),
            (col(Customer.brand), filters.brand),
            (col(Customer.tier), filters.tier),
        )
        if value is not None
    ]
    if filters.not_contacted_since is not None:
        wanted.append(col(Customer.last_contact_at) < filters.not_contacted_since)
    if filters.name_starts_with is not None:
        wanted.append(col(Customer.name).startswith(filters.name_starts_with, autoescape=True))
    return wanted
