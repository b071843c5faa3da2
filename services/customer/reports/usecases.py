"""Market reports handed in and corrected; work reports generated, commented, handed in once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.directory import repository as directory
from services.customer.reports import repository, rules
from services.customer.reports.errors import ClerkUnknown, PeriodInvalid, ReportExists
from services.customer.reports.models import MarketReport, WorkReport
from services.customer.reports.rules import Period
from shared import ids, outbox
from shared.database import violates
from shared.errors import VersionCheck
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class HandInMarketReport:
    """A clerk saw something of the market or a competitor."""

    area: Area
    clerk: str
    content: Mapping[str, Any]


async def hand_in_market_report(
    session: AsyncSession, command: HandInMarketReport, *, now: datetime
) -> MarketReport:
    """Raises ClerkUnknown."""
    place = await _place_of(session, command.clerk, command.area)
    report = MarketReport(id=ids.uuid7(), clerk=command.clerk, submitted_at=now, **place, **command.content)
    session.add(report)
    outbox.add(session, report.submitted())
    return report


@dataclass(frozen=True, slots=True)
class ReviseMarketReport:
    """Its author corrects it."""

    area: Area
    report_id: UUID
    by: str
    changes: Mapping[str, Any]


async def revise_market_report(
    session: AsyncSession, command: ReviseMarketReport, *, unless_stale: VersionCheck
) -> MarketReport:
    """Raises ReportNotFound, NotTheAuthor."""
    report = await repository.get_market_report(session, command.report_id, command.area, lock=True)
    unless_stale(report.version)
    report.revise(command.changes, by=command.by)
    return report


@dataclass(frozen=True, slots=True)
class GenerateWorkReport:
    """A clerk's report of a day, week or month, from the record."""

    area: Area
    clerk: str
    kind: str
    period: str


async def generate_work_report(
    session: AsyncSession, command: GenerateWorkReport, *, now: datetime
) -> WorkReport:
    """A draft. Raises PeriodInvalid, ClerkUnknown, ReportExists."""
    period = _begun(command.kind, command.period, now)
    place = await _place_of(session, command.clerk, command.area)
    if known := await repository.work_report_or_none(session, command.clerk, command.kind, period.name):
        raise ReportExists(existing_id=known.id)
    figures = await repository.figures_of(session, command.clerk, period)
    report = WorkReport(
        id=ids.uuid7(), kind=command.kind, period=period.name, clerk=command.clerk, figures=figures,
        due_at=period.due_at, generated_at=now, **place,
    )  # fmt: skip
    session.add(report)
    await _flush(session)
    return report


@dataclass(frozen=True, slots=True)
class WriteComment:
    """What the clerk says to the figures; None hands in what is there."""

    area: Area
    report_id: UUID
    by: str
    comment: str | None = None


async def comment_on_work_report(
    session: AsyncSession, command: WriteComment, *, unless_stale: VersionCheck, now: datetime
) -> WorkReport:
    """Raises ReportNotFound, NotTheAuthor, ReportSubmittedAlready."""
    report, period = await _locked(session, command)
    unless_stale(report.version)
    figures = await repository.figures_of(session, report.clerk, period)
    report.comment_on(command.comment or "", figures, by=command.by, now=now)
    return report


async def submit_work_report(session: AsyncSession, command: WriteComment, *, now: datetime) -> WorkReport:
    """Once, with the figures of this moment. Raises ReportNotFound, NotTheAuthor, ReportSubmittedAlready."""
    report, period = await _locked(session, command)
    figures = await repository.figures_of(session, report.clerk, period)
    if command.comment is not None:
        report.comment_on(command.comment, figures, by=command.by, now=now)
    outbox.add(session, report.submit(figures, period, by=command.by, now=now))
    return report


async def _locked(session: AsyncSession, command: WriteComment) -> tuple[WorkReport, Period]:
    report = await repository.get_work_report(session, command.report_id, command.area, lock=True)
    period = rules.period_of(report.kind, report.period)
    assert period is not None
    return report, period


def _begun(kind: str, name: str, now: datetime) -> Period:
    period = rules.period_of(kind, name)
    if period is None or period.start > now:
        raise PeriodInvalid
    return period


async def _place_of(session: AsyncSession, staff_no: str, area: Area) -> dict[str, Any]:
    clerk = await directory.clerk_or_none(session, staff_no)
    hall = await directory.hall_or_none(session, clerk.hall, area) if clerk and clerk.hall else None
    if hall is None:
        raise ClerkUnknown
    return {"hall": hall.code, "county": hall.county}


async def _flush(session: AsyncSession) -> None:
    """Another request may have generated the same one since we looked; the constraint knows."""
    try:
        await session.flush()
    except IntegrityError as error:
        if violates(error, WorkReport, "uq_work_reports_once"):
            raise ReportExists(existing_id=None) from error
        raise
