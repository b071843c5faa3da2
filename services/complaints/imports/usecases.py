"""Receiving a file, and applying its rows in chunks: orders first, then the tickets of the halls they were sent to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.catalogue import repository as catalogue
from services.complaints.catalogue.rules import OTHER, code_of
from services.complaints.customers import repository as customers
from services.complaints.customers.repository import KnownCustomer
from services.complaints.directory import repository as directory
from services.complaints.directory.models import Hall
from services.complaints.directory.rules import name_key
from services.complaints.imports import repository
from services.complaints.imports.models import ImportJob, ImportRow
from services.complaints.imports.rules import BadRow, OrderRow
from services.complaints.tickets import repository as tickets
from services.complaints.tickets import rules as ticket_rules
from services.complaints.tickets import usecases as ticket_usecases
from services.complaints.tickets.models import Actor, NewTicket
from services.complaints.work_orders import rules as order_rules
from services.complaints.work_orders import usecases as work_orders
from services.complaints.work_orders.models import WorkOrder
from services.complaints.work_orders.usecases import Noted
from shared import ids
from shared.phones import SealedPhone, hide_numbers
from shared.security.tenancy import Area

CHUNK = 500
KEPT = timedelta(days=90)
ELSEWHERE = "hall-elsewhere", "派往的营业厅不在您的管辖范围内，或名称无法识别"
OVERTAKEN = "older-row", "同一工单有更新的一行"


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A readable row whose number has been sealed."""

    row: OrderRow
    phone: SealedPhone

    def staged(self) -> dict[str, Any]:
        row = self.row
        return {
            "number": row.number, "source": row.source, "received_at": row.received_at.isoformat(),
            "category": hide_numbers(row.category), "content": hide_numbers(row.content),
            "hall": hide_numbers(row.hall),
            "due_at": row.due_at.isoformat() if row.due_at else None, "status": hide_numbers(row.status),
            "updated_at": row.updated_at.isoformat(), "phone_enc": self.phone.enc,
            "phone_index": self.phone.index, "phone_masked": self.phone.masked,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReceiveFile:
    """A file as it was read: sealed rows and refused ones."""

    area: Area
    by: Actor
    file_name: str
    file_sha256: str
    dry_run: bool
    rows: Sequence[SealedRow | BadRow]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a chunk is matched against."""

    halls: Mapping[str, Hall]
    categories: Sequence[Any]
    customers: Mapping[str, KnownCustomer]


async def receive_file(session: AsyncSession, command: ReceiveFile, *, now: datetime) -> ImportJob:
    """Keep the rows for the worker; what was refused is reported already."""
    refused = sum(isinstance(row, BadRow) for row in command.rows)
    area = command.area
    job = ImportJob(
        id=ids.uuid7(), status="queued", file_name=hide_numbers(command.file_name)[:200],
        file_sha256=command.file_sha256,
        dry_run=command.dry_run, everything=not (area.hall or area.county or area.nothing), county=area.county,
        hall=area.hall, created_by=command.by.subject, role=command.by.role, total=len(command.rows),
        done=refused, rejected=refused, created_at=now,
    )  # fmt: skip
    await repository.insert_job(session, job, [_import_row(job.id, row) for row in command.rows])
    return job


async def apply_rows(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of the oldest unfinished file; True when there may be more to do."""
    job = await repository.job_to_work_on(session)
    if job is None:
        return False
    rows = await repository.pending_rows(session, job.id, CHUNK)
    if not rows:
        job.finish(now)
        await session.flush()
        return True
    await _apply(session, job, rows, now)
    job.progress([row.status for row in rows])
    await session.flush()
    return True


async def forget_old_imports(session: AsyncSession, *, now: datetime) -> None:
    await repository.forget_jobs(session, now - KEPT)


async def _apply(session: AsyncSession, job: ImportJob, rows: Sequence[ImportRow], now: datetime) -> None:
    known = await _known(session, rows)
    by_source = sorted(rows, key=lambda row: str(_staged(row)["source"]))
    for source, group in groupby(by_source, key=lambda row: str(_staged(row)["source"])):
        theirs = [(row, _order(row, known, now)) for row in group]
        accepted = _newest(_inside(theirs, job.area))
        orders = [order for _, order in accepted]
        if job.dry_run:
            outcome: Mapping[str, str] = await work_orders.foresee(session, source, orders)
        else:
            outcome = await _note(session, source, orders, job, known, now)
        for row, order in accepted:
            row.settle(outcome[order.number])


async def _note(
    session: AsyncSession,
    source: str,
    orders: Sequence[WorkOrder],
    job: ImportJob,
    known: _Known,
    now: datetime,
) -> Mapping[str, str]:
    """Orders, and a new ticket for each that was sent to a hall and has none."""
    ticketed = await tickets.tickets_of_orders(session, source, [order.number for order in orders])
    for order in orders:
        if order.number in ticketed:
            order.ticket_id = ticketed[order.number].id
        elif order.hall is not None:
            order.ticket_id = ids.uuid7()
    noted = await work_orders.note_orders(session, source, orders, now=now)
    new = [order for order in orders if order.number not in ticketed and _takes_its_ticket(order, noted)]
    by = Actor(job.created_by, job.role)
    opened = [_ticket(noted.orders[order.number], known, by) for order in new]
    await ticket_usecases.open_tickets(session, opened, now=now)
    return noted.outcome


def _takes_its_ticket(order: WorkOrder, noted: Noted) -> bool:
    """Whether the id given to the order beforehand has become its ticket's, and the ticket is still to be opened."""
    return order.ticket_id is not None and noted.orders[order.number].ticket_id == order.ticket_id


async def _known(session: AsyncSession, rows: Iterable[ImportRow]) -> _Known:
    indexes = {str(_staged(row)["phone_index"]) for row in rows}
    return _Known(
        halls=_by_name(await directory.all_halls(session)),
        categories=await catalogue.categories(session),
        customers=await customers.by_phones(session, indexes, Area.everything()),
    )


def _by_name(halls: Iterable[Hall]) -> dict[str, Hall]:
    """Halls by every name they go by; a name that two halls share finds neither."""
    found: dict[str, Hall | None] = {}
    for hall in halls:
        for key in {name_key(hall.full_name), name_key(hall.short_name), name_key(hall.code)}:
            found[key] = None if key in found else hall
    return {key: hall for key, hall in found.items() if hall is not None}


def _order(row: ImportRow, known: _Known, now: datetime) -> WorkOrder:
    said = _staged(row)
    customer = known.customers.get(said["phone_index"])
    hall = known.halls.get(name_key(said["hall"]))
    received = datetime.fromisoformat(said["received_at"])
    return WorkOrder(
        id=ids.uuid7(), version=1, source=said["source"], number=said["number"],
        category=code_of(known.categories, said["category"]) or OTHER, category_text=said["category"],
        content=said["content"], received_at=received,
        due_at=datetime.fromisoformat(said["due_at"]) if said["due_at"] else None,
        status=order_rules.status_of(said["status"]), status_text=said["status"], phone_enc=said["phone_enc"],
        phone_index=said["phone_index"], phone_masked=said["phone_masked"],
        customer_id=customer.id if customer else None, hall=hall.code if hall else None,
        county=hall.county if hall else None,
        hall_name=said["hall"], clerk=customer.clerk if customer else None,
        source_updated_at=datetime.fromisoformat(said["updated_at"]), recorded_at=now, updated_at=now,
    )  # fmt: skip


def _inside(rows: Iterable[tuple[ImportRow, WorkOrder]], area: Area) -> list[tuple[ImportRow, WorkOrder]]:
    """Those for halls of the area; the others are refused. The offices may send orders that name no known hall."""
    accepted = []
    for row, order in rows:
        if area.covers(order.hall, order.county):
            accepted.append((row, order))
        else:
            row.settle("rejected", *ELSEWHERE)
    return accepted


def _newest(rows: Iterable[tuple[ImportRow, WorkOrder]]) -> list[tuple[ImportRow, WorkOrder]]:
    """One row for each number, the one changed last at 10086; the others are settled as overtaken."""
    newest: dict[str, tuple[ImportRow, WorkOrder]] = {}
    for row, order in rows:
        known = newest.get(order.number)
        if known is None:
            newest[order.number] = row, order
        elif known[1].source_updated_at < order.source_updated_at:
            newest[order.number] = row, order
            known[0].settle("unchanged", *OVERTAKEN)
        else:
            row.settle("unchanged", *OVERTAKEN)
    return list(newest.values())


def _ticket(order: WorkOrder, known: _Known, by: Actor) -> NewTicket:
    customer = known.customers.get(order.phone_index or "")
    sealed = None
    if order.phone_enc and order.phone_index and order.phone_masked:
        sealed = SealedPhone(enc=order.phone_enc, index=order.phone_index, masked=order.phone_masked)
    new = NewTicket(
        kind=ticket_rules.COMPLAINT_KIND, category=order.category, source=ticket_rules.WORK_ORDER,
        hall=order.hall or "", county=order.county or "", summary=order.content or order.category_text,
        received_at=order.received_at, by=by, phone=sealed, phone_masked=order.phone_masked,
        work_order=(order.source, order.number), required_by=order.binding_deadline,
        customer_id=order.customer_id, clerk=order.clerk, tier=customer.tier if customer else None,
    )  # fmt: skip
    return replace(new, id=order.ticket_id) if order.ticket_id else new


def _import_row(job_id: UUID, row: SealedRow | BadRow) -> ImportRow:
    if isinstance(row, BadRow):
        return ImportRow(
            job_id=job_id,
            line=row.line,
            status="rejected",
            external_id=row.number,
            code=row.code,
            detail=row.detail,
        )
    return ImportRow(
        job_id=job_id, line=row.row.line, status="pending", external_id=row.row.number, staged=row.staged()
    )


def _staged(row: ImportRow) -> dict[str, Any]:
    return row.staged or {}
