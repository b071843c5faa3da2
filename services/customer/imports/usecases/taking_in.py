"""Taking a sheet in: whose it is, and its lines chunk by chunk, before anybody works on it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.consent import repository as consent_ledger
from services.customer.consent.rules import Evidence
from services.customer.directory import repository as directory
from services.customer.directory.models import Hall
from services.customer.imports import repository
from services.customer.imports.errors import ConsentColumnMissing, SheetOfUnknownHall, SheetUnrecognised
from services.customer.imports.models import ImportJob
from services.customer.imports.rules.form import Column, Layout
from services.customer.imports.rules.reading import Received, receive
from shared import clock, ids
from shared.phones import PhoneBook, hide_numbers
from shared.security.tenancy import Area
from shared.spreadsheets import Row, fold

CHUNK = 500


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


def _row_of(job_id: UUID, line: Received) -> dict[str, Any]:
    """A row and not an object: a sheet brings a hundred thousand."""
    phone, refusal = line.phone, line.refusal
    return {
        "job_id": job_id,
        "line": line.line,
        "status": "rejected" if refusal else "pending",
        "code": refusal.code if refusal else None,
        "detail": refusal.detail if refusal else None,
        "customer_id": None,
        "phone_enc": line.sealed,
        "phone_index": phone.index if phone else None,
        "phone_masked": phone.masked if phone else None,
        "cells": line.cells,
    }


def _said(lines: Iterable[str], label: str) -> str | None:
    pattern = re.compile(rf"{label}\s*:\s*(\S+)")
    return next((match[1] for line in lines if (match := pattern.search(line))), None)
