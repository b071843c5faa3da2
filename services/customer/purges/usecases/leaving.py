"""Noting who left the network: one customer by hand or by the POS, or everybody on the operator's list."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access_log import usecases as access_log
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.archive import repository as archive
from services.customer.archive.models import Customer
from services.customer.consent.usecases import CLOCKS_MAY_DIFFER_BY
from services.customer.imports.rules.reading import INVALID_PHONE, Refusal
from services.customer.purges import repository, rules
from services.customer.purges.errors import LeftInTheFuture, OffNetListUnrecognised
from services.customer.purges.models import OffNetList, OffNetRow
from services.customer.purges.rules import Layout, Line
from shared import ids, outbox
from shared.phones import PhoneBook, hide_numbers
from shared.security.tenancy import Area
from shared.spreadsheets import Row

CHUNK = 500
BY_LIST = "off_net_list"


@dataclass(frozen=True, slots=True)
class MarkLeft:
    """A customer's number left the network; `by` is who says so: pos, page, off_net_list."""

    area: Area
    customer_id: UUID
    at: datetime
    by: str
    reason: str | None = None


async def mark_left(session: AsyncSession, command: MarkLeft, *, now: datetime) -> Customer:
    """Said once; a second time changes nothing. Raises CustomerNotFound, LeftInTheFuture."""
    customer = await archive.get_customer(session, command.customer_id, command.area, lock=True)
    if command.at > now + CLOCKS_MAY_DIFFER_BY:
        raise LeftInTheFuture
    if event := customer.leave(command.at, reported_by=command.by, reason=command.reason):
        outbox.add(session, event)
    return customer


class List:
    """One uploaded file while it is read: its lines in chunks."""

    def __init__(self, rows: Iterator[Row], phones: PhoneBook) -> None:
        """Read up to the headings; raises OffNetListUnrecognised."""
        self._rows, self._phones = rows, phones
        found = (layout for row in rows if (layout := Layout.of(row.cells)))
        layout = next(found, None)
        if layout is None:
            raise OffNetListUnrecognised
        self._layout = layout

    def chunks(self, size: int = CHUNK) -> Iterator[list[Line]]:
        chunk: list[Line] = []
        for row in self._rows:
            phone, left = self._layout.phone_and_date(row.cells)
            line = rules.receive(row.line, phone, left, self._phones)
            if line is None:
                continue
            chunk.append(line)
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


@dataclass(frozen=True, slots=True)
class OpenList:
    """A list is about to be taken in; it concerns the caller's area and nobody beyond."""

    area: Area
    by: str
    dry_run: bool
    file_name: str


@dataclass(frozen=True, slots=True)
class FetchRejected:
    """Somebody fetches the lines that were refused, numbers included."""

    area: Area
    list_id: UUID
    by: str
    role: str


async def open_list(session: AsyncSession, command: OpenList, *, now: datetime) -> OffNetList:
    """Nobody sees the list until it is queued."""
    job = OffNetList(
        id=ids.uuid7(), dry_run=command.dry_run, hall=command.area.hall, county=command.area.county,
        file_name=hide_numbers(command.file_name)[-200:], created_by=command.by, created_at=now,
    )  # fmt: skip
    session.add(job)
    return job


async def receive_lines(session: AsyncSession, list_id: UUID, lines: Iterable[Line]) -> None:
    await repository.add_rows(session, [_row_of(list_id, line) for line in lines])


async def queue_list(session: AsyncSession, list_id: UUID) -> OffNetList:
    """All lines are here: work may begin."""
    job = await repository.receiving_list(session, list_id)
    job.queue(sum((await repository.line_counts(session, list_id)).values()))
    return job


async def fetch_rejected(session: AsyncSession, command: FetchRejected, *, now: datetime) -> None:
    """Write down who takes numbers away again; the edge may then open them (X2)."""
    job = await repository.get_list(session, command.list_id, command.area)
    place, reason = (job.hall or "", job.county or ""), "更正离网名单中被退回的行"
    look = Look(command.by, command.role, Action.REJECTED_FETCHED, "off_net_list", job.id, *place, reason)
    await access_log.note(session, look, now=now)


async def work_on_lists(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of the oldest list; True while there is more to do. After a crash only pending lines are done."""
    job = await repository.next_list(session)
    if job is None:
        return False
    job.begin()
    rows = await repository.pending_lines(session, job.id, CHUNK)
    if rows:
        await _settle(session, job, rows, now)
    else:
        job.complete(now)
    return True


async def _settle(session: AsyncSession, job: OffNetList, rows: Sequence[OffNetRow], now: datetime) -> None:
    indexes = [row.phone_index for row in rows if row.phone_index]
    active = {c.phone_index: c for c in await archive.active_among(session, indexes)}
    left = await repository.left_with_numbers(session, indexes, _area_of(job))
    for row in rows:
        index = row.phone_index or ""
        customer = active.get(index)
        if customer is None or not _area_of(job).covers(customer.hall, customer.county):
            row.settle(
                "unchanged", left.get(index), rules.ALREADY_LEFT if index in left else rules.NOT_ARCHIVED
            )
        elif _note(session, job, row, customer, now):
            left[index] = active.pop(index).id


def _note(session: AsyncSession, job: OffNetList, row: OffNetRow, customer: Customer, now: datetime) -> bool:
    """Give the line of one of ours its outcome; whether the customer has left by it."""
    at = rules.left_at(row.left_text, job.created_at)
    if isinstance(at, Refusal):
        row.reject(at, customer.id)
        return False
    if rules.is_of_the_former_holder(at, customer.archived_at):
        row.settle("unchanged", customer.id, rules.ARCHIVED_SINCE)
        return False
    event = None if job.dry_run else customer.leave(at, reported_by=BY_LIST)
    if event is not None:
        outbox.add(session, event)
    row.settle("updated", customer.id)
    return True


def _area_of(job: OffNetList) -> Area:
    return Area(county=job.county, hall=job.hall)


def _row_of(list_id: UUID, line: Line) -> OffNetRow:
    index = line.phone.index if line.phone else None
    row = OffNetRow(
        list_id=list_id, line=line.line, phone_enc=line.sealed, phone_index=index, left_text=line.left_text
    )
    if line.phone is None:
        row.reject(INVALID_PHONE)
    return row
