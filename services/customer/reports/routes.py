"""Reports over HTTP: market reports; work reports generated, commented, handed in."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.customer.archive.schemas import Place, StaffNo
from services.customer.reports import repository, usecases
from services.customer.reports.repository import Filters
from services.customer.reports.schemas import (
    MarketKind,
    MarketReportCreate,
    MarketReportPatch,
    MarketReportRead,
    WorkKind,
    WorkReportCreate,
    WorkReportPatch,
    WorkReportRead,
    WorkReportSubmit,
)
from services.customer.reports.usecases import (
    GenerateWorkReport,
    HandInMarketReport,
    ReviseMarketReport,
    WriteComment,
)
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["reports"])

Reader = Annotated[Caller, requires("reports:read")]
Writer = Annotated[Caller, requires("reports:write")]
PeriodName = Annotated[str, Query(max_length=10)]


@router.post("/market-reports", status_code=201, response_model=MarketReportRead)
async def hand_in_market_report(body: MarketReportCreate, once: Once, caller: Writer) -> Response:
    command = HandInMarketReport(caller.area, _author(caller, body.clerk), body.facts())
    async with once.transaction() as session:
        report = await usecases.hand_in_market_report(session, command, now=clock.now())
        return once.answer(201, MarketReportRead.model_validate(report), etag=report.version)


@router.get("/market-reports")
async def list_market_reports(
    here: Here,
    caller: Reader,
    page: PageQuery,
    hall: Place | None = None,
    clerk: StaffNo | None = None,
    kind: MarketKind | None = None,
) -> Page[MarketReportRead]:
    async with here.database.reading() as session:
        found = await repository.market_reports_page(session, caller.area, Filters(hall, clerk, kind), page)
    return found.map(MarketReportRead.model_validate)


@router.get("/market-reports/{report_id}")
async def get_market_report(
    report_id: UUID, here: Here, caller: Reader, response: Response
) -> MarketReportRead:
    async with here.database.reading() as session:
        report = await repository.get_market_report(session, report_id, caller.area)
    response.headers["ETag"] = etag(report.version)
    return MarketReportRead.model_validate(report)


@router.patch("/market-reports/{report_id}")
async def revise_market_report(
    report_id: UUID,
    body: MarketReportPatch,
    here: Here,
    caller: Writer,
    if_match: IfMatch,
    response: Response,
) -> MarketReportRead:
    """Its author corrects it."""
    command = ReviseMarketReport(caller.area, report_id, _author(caller, body.clerk), body.changes())
    async with here.database.transaction() as session:
        report = await usecases.revise_market_report(session, command, unless_stale=if_match.check)
    response.headers["ETag"] = etag(report.version)
    return MarketReportRead.model_validate(report)


@router.post("/work-reports", status_code=201, response_model=WorkReportRead)
async def generate_work_report(body: WorkReportCreate, once: Once, caller: Writer) -> Response:
    """A draft with the figures of the record; one for each clerk and period."""
    command = GenerateWorkReport(caller.area, _author(caller, body.clerk), body.kind, body.period)
    async with once.transaction() as session:
        report = await usecases.generate_work_report(session, command, now=clock.now())
        return once.answer(201, WorkReportRead.model_validate(report), etag=report.version)


@router.get("/work-reports")
async def list_work_reports(
    here: Here,
    caller: Reader,
    page: PageQuery,
    hall: Place | None = None,
    clerk: StaffNo | None = None,
    kind: WorkKind | None = None,
    status: Literal["draft", "submitted"] | None = None,
    period: PeriodName | None = None,
) -> Page[WorkReportRead]:
    filters = Filters(hall, clerk, kind, status, period)
    async with here.database.reading() as session:
        found = await repository.work_reports_page(session, caller.area, filters, page)
    return found.map(WorkReportRead.model_validate)


@router.get("/work-reports/{report_id}")
async def get_work_report(report_id: UUID, here: Here, caller: Reader, response: Response) -> WorkReportRead:
    async with here.database.reading() as session:
        report = await repository.get_work_report(session, report_id, caller.area)
    response.headers["ETag"] = etag(report.version)
    return WorkReportRead.model_validate(report)


@router.patch("/work-reports/{report_id}")
async def comment_on_work_report(
    report_id: UUID, body: WorkReportPatch, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> WorkReportRead:
    """The clerk's words; the figures are counted anew."""
    command = WriteComment(caller.area, report_id, _author(caller, body.clerk), body.comment)
    async with here.database.transaction() as session:
        report = await usecases.comment_on_work_report(
            session, command, unless_stale=if_match.check, now=clock.now()
        )
    response.headers["ETag"] = etag(report.version)
    return WorkReportRead.model_validate(report)


@router.post("/work-reports/{report_id}/submission", response_model=WorkReportRead)
async def submit_work_report(report_id: UUID, body: WorkReportSubmit, once: Once, caller: Writer) -> Response:
    """Hand it in, once; from then on it stands."""
    command = WriteComment(caller.area, report_id, _author(caller, body.clerk), body.comment)
    async with once.transaction() as session:
        report = await usecases.submit_work_report(session, command, now=clock.now())
        return once.answer(200, WorkReportRead.model_validate(report), etag=report.version)


def _author(caller: Caller, clerk: str | None) -> str:
    """People report for themselves; a machine says for whom."""
    return clerk or caller.subject if caller.role == "pos" else caller.subject
