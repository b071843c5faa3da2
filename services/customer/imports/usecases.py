"""Taking a sheet in, line by line, and working through it in chunks that a crash cannot spoil."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive_records
from services.customer.archive import usecases as archive
from services.customer.archive.models import AccessLogEntry, CarriedOver, Customer
from services.customer.archive.usecases import ChangeConsent, RegisterCustomer
from services.customer.consent import repository as consent_ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.rules import Decision, Evidence
from services.customer.directory import repository as directory
from services.customer.directory.models import Hall
from services.customer.imports import repository
from services.customer.imports.errors import ConsentColumnMissing, SheetOfUnknownHall, SheetUnrecognised
from services.customer.imports.models import ImportJob, ImportRow
from services.customer.imports.rules.form import Column, Layout
from services.customer.imports.rules.reading import INVALID_PHONE, Entry, Received, read_entry, receive
from shared import clock, ids
from shared.phones import PhoneBook, SealedPhone, hide_numbers
from shared.security.tenancy import Area
from shared.spreadsheets import Row, fold

CHUNK = 500
KEPT = timedelta(days=90)
UPLOAD_BREAKS_OFF_AFTER = timedelta(hours=6)

Line = tuple[ImportRow, Entry]


@dataclass(frozen=True, slots=True)
class Heading:
    """What the header block of a sheet says: 区县, 营业厅名称."""

    county: str | None
    hall: str | None


class Sheet:
    """One uploaded file while it is read: the header at once, the customers' lines in chunks."""

    def __init__(self, rows: Iterator[Row], phones: PhoneBook) -> None:
        """Read up to the headings; raises SheetUnrecognised and ConsentColumnMissing."""
        self._rows, self._phones = rows, phones
        above: list[str] = []
        for row in rows:
            if layout := Layout.of(row.cells):
                break
            above.append(fold(" ".join(row.cells)))
        else:
            raise SheetUnrecognised
        if not layout.has(Column.ARCHIVE):
            raise ConsentColumnMissing
        self._layout = layout
        self.heading = Heading(_said(above, "区县"), _said(above, "营业厅名称"))

    def chunks(self, size: int = CHUNK) -> Iterator[list[Received]]:
        """Legends and notes below the customers are passed over."""
        chunk: list[Received] = []
        for row in self._rows:
            cells = self._layout.in_order(row.cells)
            if not (cells[Column.PHONE] or cells[Column.NAME]):
                continue
            chunk.append(receive(row.line, cells, self._phones))
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


@dataclass(frozen=True, slots=True)
class OpenImport:
    """A sheet is about to be taken in."""

    area: Area
    heading: Heading
    by: str
    hall: str | None
    mode: str
    dry_run: bool
    file_name: str
    evidence: Evidence
    wording_version: str | None


async def open_import(session: AsyncSession, command: OpenImport, *, now: datetime) -> ImportJob:
    """Nobody sees the import until it is queued. Raises HallNotFound, SheetOfUnknownHall."""
    hall = await _hall_of(session, command)
    wording = command.wording_version
    if wording is None:
        wording = (await consent_ledger.wording_on(session, clock.business_date(now))).version
    job = ImportJob(
        id=ids.uuid7(),
        mode=command.mode,
        dry_run=command.dry_run,
        hall=hall.code,
        county=hall.county,
        file_name=hide_numbers(command.file_name)[-200:],
        created_by=command.by,
        created_at=now,
        wording_version=wording,
        evidence_kind=command.evidence.kind,
        evidence_reference=command.evidence.reference,
    )
    session.add(job)
    return job


async def receive_lines(session: AsyncSession, job_id: UUID, lines: Iterable[Received]) -> None:
    await repository.add_rows(session, [_row_of(job_id, line) for line in lines])


async def queue_import(session: AsyncSession, job_id: UUID) -> ImportJob:
    """All lines are here: work may begin."""
    job = await repository.receiving_job(session, job_id)
    job.queue(sum((await repository.counts_of(session, job_id)).values()))
    return job


async def work_on_imports(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of the oldest import; True while there is more to do.

    Effects and outcomes of a chunk are one transaction: after a crash the lines still pending are done, and no other.
    """
    job = await repository.next_job(session)
    if job is None:
        return False
    job.begin()
    rows = await repository.pending_rows(session, job.id, CHUNK)
    if rows:
        await _settle(session, job, rows, now)
    else:
        job.complete(now)
    return True


@dataclass(frozen=True, slots=True)
class FetchRejected:
    """Somebody fetches the lines that were refused, numbers included."""

    area: Area
    job_id: UUID
    by: str
    role: str


async def fetch_rejected(session: AsyncSession, command: FetchRejected, *, now: datetime) -> ImportJob:
    """Write down who takes the numbers away again; the edge may then open them (X2)."""
    job = await repository.get_job(session, command.job_id, command.area)
    entry = AccessLogEntry(
        id=ids.uuid7(),
        at=now,
        actor=command.by,
        role=command.role,
        action="rejected-rows-fetched",
        subject_id=job.id,
        hall=job.hall,
        county=job.county,
        reason="更正导入时被退回的行",
    )
    await archive_records.add_access(session, entry)
    return job


async def forget_old_imports(session: AsyncSession, *, now: datetime) -> bool:
    """Reports are kept 90 days; True while there is more to forget."""
    return await repository.delete_one_old_job(session, now - KEPT, now - UPLOAD_BREAKS_OFF_AFTER)


async def _hall_of(session: AsyncSession, command: OpenImport) -> Hall:
    """The hall the form names, or the header; a hall's own staff may leave both empty."""
    if command.hall is None and command.heading.hall is not None:
        return await _hall_called(session, command.area, command.heading.county or "", command.heading.hall)
    code = command.hall or command.area.hall
    if code is None:
        raise SheetOfUnknownHall
    return await directory.get_hall(session, code, command.area)


async def _hall_called(session: AsyncSession, area: Area, county: str, name: str) -> Hall:
    """The only hall of that name, or of that name after its county's; of several the one in the county."""
    for called in (name, f"{county}{name}"):
        found = await directory.halls_called(session, area, [called])
        if len(found) > 1:
            found = [(hall, of_county) for hall, of_county in found if county.startswith(of_county)]
        if len(found) == 1:
            return found[0][0]
    raise SheetOfUnknownHall


def _row_of(job_id: UUID, line: Received) -> ImportRow:
    row = ImportRow(job_id=job_id, line=line.line, phone_enc=line.sealed, cells=line.cells)
    if line.phone is not None:
        row.phone_index, row.phone_masked = line.phone.index, line.phone.masked
    if line.refusal is not None:
        row.reject(line.refusal.code, line.refusal.detail)
    return row


async def _settle(session: AsyncSession, job: ImportJob, rows: Sequence[ImportRow], now: datetime) -> None:
    """Give every row its outcome."""
    lines = await _without_doubles(session, job, await _readable(session, job, rows, now))
    indexes = [row.phone_index for row, _ in lines if row.phone_index]
    known = {c.phone_index: c for c in await archive_records.active_among(session, indexes)}
    await _create(session, job, [line for line in lines if line[0].phone_index not in known], now)
    met = [(row, entry, known[row.phone_index or ""]) for row, entry in lines if row.phone_index in known]
    await _bring_up_to_date(session, job, met, now)


async def _readable(
    session: AsyncSession, job: ImportJob, rows: Sequence[ImportRow], now: datetime
) -> list[Line]:
    """The rows that can be archived; the others are refused with everything that is wrong with them."""
    tables = await archive_records.code_tables(session)
    working = await directory.clerks_of_hall(session, job.hall, clock.business_date(now))
    clerks = {clerk.staff_no: clerk.name for clerk in working}
    lines: list[Line] = []
    for row in rows:
        read = read_entry(row.cells or [], tables, clerks, now)
        wrong = read if isinstance(read, list) else []
        if row.phone_index is None:
            wrong = [INVALID_PHONE, *wrong]
        if wrong:
            row.reject(wrong[0].code, "；".join(refusal.detail for refusal in wrong))
        elif isinstance(read, Entry):
            lines.append((row, read))
    return lines


async def _without_doubles(session: AsyncSession, job: ImportJob, lines: Sequence[Line]) -> list[Line]:
    """Of several lines with one number the first counts."""
    if not lines:
        return []
    indexes = [row.phone_index for row, _ in lines if row.phone_index]
    first = await repository.earlier_lines(session, job.id, lines[0][0].line, indexes)
    single: list[Line] = []
    for row, entry in lines:
        line = first.setdefault(row.phone_index or "", row.line)
        if line == row.line:
            single.append((row, entry))
        else:
            row.reject("duplicate-in-file", f"手机号码与本文件第 {line} 行重复。")
    return single


async def _create(session: AsyncSession, job: ImportJob, lines: Sequence[Line], now: datetime) -> None:
    archived: dict[str, UUID] = {}
    if not job.dry_run:
        commands = [_registration(job, row, entry) for row, entry in lines]
        archived = await archive.register_customers(session, commands, county=job.county, now=now)
    for row, _ in lines:
        customer_id = archived.get(row.phone_index or "")
        if job.dry_run or customer_id:
            row.settle("created", customer_id)
        else:
            row.reject("customer-exists", "该号码刚刚由他人入档。")


async def _bring_up_to_date(
    session: AsyncSession, job: ImportJob, met: Sequence[tuple[ImportRow, Entry, Customer]], now: datetime
) -> None:
    ours: list[tuple[ImportRow, Entry, Customer]] = []
    for row, entry, customer in met:
        if customer.hall != job.hall:
            row.reject("customer-exists", "该号码已在其他营业厅入档。")
        elif job.mode == "create":
            row.customer_id = customer.id
            row.reject("customer-exists", "该号码已在本厅入档；如需更新资料，请选择“更新”方式导入。")
        else:
            ours.append((row, entry, customer))
    changed = await _revise(session, job, ours, now)
    for row, _, customer in ours:
        row.settle("updated" if customer.id in changed else "unchanged", customer.id)


async def _revise(
    session: AsyncSession, job: ImportJob, ours: Sequence[tuple[ImportRow, Entry, Customer]], now: datetime
) -> set[UUID]:
    """The ids of the customers of whom something is different from now on."""
    decisions = await _decisions(session, job, ours, now)
    if job.dry_run:
        changed = {customer.id for _, entry, customer in ours if entry.profile != customer.profile}
        return changed | {decision.customer_id for decision in decisions}
    profiles = {customer.id: entry.profile for _, entry, customer in ours}
    customers = [customer for _, _, customer in ours]
    changed = await archive.revise_customers(session, profiles, customers, by=job.created_by, now=now)
    for decision in decisions:
        await archive.change_consent(session, decision, now=now)
    return changed | {decision.customer_id for decision in decisions}


async def _decisions(
    session: AsyncSession, job: ImportJob, ours: Sequence[tuple[ImportRow, Entry, Customer]], now: datetime
) -> list[ChangeConsent]:
    """Where the sheet says yes or no and the ledger the other; an empty cell says nothing."""
    ledger = await consent_ledger.entries_of(session, *(customer.id for _, _, customer in ours))
    decisions = []
    for _, entry, customer in ours:
        state = consent_rules.granted(e for e in ledger if e.customer_id == customer.id)
        decisions += [
            ChangeConsent(
                area=Area.everything(),
                customer_id=customer.id,
                purpose=purpose,
                decision=Decision.GRANTED if answer else Decision.WITHDRAWN,
                at=now,
                channel="import",
                clerk=entry.clerk,
                wording_version=job.wording_version,
                evidence=Evidence(job.evidence_kind, job.evidence_reference),
            )
            for purpose, answer in entry.answers.items()
            if answer is not None and answer != state[purpose]
        ]
    return decisions


def _registration(job: ImportJob, row: ImportRow, entry: Entry) -> RegisterCustomer:
    return RegisterCustomer(
        area=Area.everything(),
        hall=job.hall,
        clerk=entry.clerk,
        phone=SealedPhone(row.phone_enc or "", row.phone_index or "", row.phone_masked or ""),
        profile=entry.profile,
        answers={purpose: answer is True for purpose, answer in entry.answers.items()},
        evidence=Evidence(job.evidence_kind, job.evidence_reference),
        wording_version=job.wording_version,
        at=entry.archived_at or job.created_at,
        origin="import",
        carried_over=CarriedOver(entry.sms_count, entry.recommendations, entry.services),
    )


def _said(lines: Iterable[str], label: str) -> str | None:
    pattern = re.compile(rf"{label}\s*:\s*(\S+)")
    return next((match[1] for line in lines if (match := pattern.search(line))), None)
