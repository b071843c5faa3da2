"""Working through a sheet in chunks that a crash cannot spoil: effects and outcomes are one transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive_records
from services.customer.archive import usecases as archive
from services.customer.archive.models import CarriedOver, Customer
from services.customer.archive.usecases import ChangeConsent, RegisterCustomer
from services.customer.consent import repository as consent_ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.rules import Decision, Evidence
from services.customer.directory import repository as directory
from services.customer.imports import repository
from services.customer.imports.models import ImportJob, ImportLine
from services.customer.imports.rules.reading import INVALID_PHONE, Entry, read_entry
from shared import clock
from shared.database import plan_each_time
from shared.phones import SealedPhone
from shared.security.tenancy import Area

CHUNK = 500

Line = tuple[ImportLine, Entry]


async def work_on_imports(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of the oldest import; True while there is more to do.

    Effects and outcomes of a chunk are one transaction: after a crash the lines still pending are done, and no other.
    """
    job = await repository.next_job(session)
    if job is None:
        return False
    job.begin()
    await plan_each_time(session)
    rows = await repository.pending_lines(session, job.id, CHUNK)
    if rows:
        await _settle(session, job, rows, now)
        await repository.put_back(session, rows)
    else:
        job.complete(now)
    return True


async def _settle(session: AsyncSession, job: ImportJob, rows: Sequence[ImportLine], now: datetime) -> None:
    """Give every row its outcome."""
    lines = await _without_doubles(session, job, await _readable(session, job, rows, now))
    indexes = [row.phone_index for row, _ in lines if row.phone_index]
    known = {c.phone_index: c for c in await archive_records.active_among(session, indexes)}
    await _create(session, job, [line for line in lines if line[0].phone_index not in known], now)
    met = [(row, entry, known[row.phone_index or ""]) for row, entry in lines if row.phone_index in known]
    await _bring_up_to_date(session, job, met, now)


async def _readable(
    session: AsyncSession, job: ImportJob, rows: Sequence[ImportLine], now: datetime
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
    session: AsyncSession, job: ImportJob, met: Sequence[tuple[ImportLine, Entry, Customer]], now: datetime
) -> None:
    if not met:
        return
    ours: list[tuple[ImportLine, Entry, Customer]] = []
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
    session: AsyncSession, job: ImportJob, ours: Sequence[tuple[ImportLine, Entry, Customer]], now: datetime
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
    session: AsyncSession, job: ImportJob, ours: Sequence[tuple[ImportLine, Entry, Customer]], now: datetime
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


def _registration(job: ImportJob, row: ImportLine, entry: Entry) -> RegisterCustomer:
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
