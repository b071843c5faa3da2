"""Work reports as pages: generate one, write to it, hand it in; what was seen of the market; managers read them."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError

from services.customer.directory import repository as directory
from services.customer.reports import repository, rules, usecases
from services.customer.reports.errors import ReportExists
from services.customer.reports.repository import Filters
from services.customer.reports.schemas import MarketReportCreate, WorkReportSubmit
from services.customer.reports.usecases import GenerateWorkReport, HandInMarketReport, WriteComment
from shared import clock
from shared.errors import Invalid
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, see_other

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("reports:read")]
Writer = Annotated[Caller, requires("reports:write")]
REPORTS = "/customer/work-reports"
MARKET = "/customer/market-reports"
TYPED = ("kind", "title", "content", "competitor", "observed_on")
SHOWN = 30


@router.get("/customer/work-reports")
async def reports(
    request: Request, here: Here, caller: Reader, cursor: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    return await _list(request, here, caller, cursor)


@router.post("/customer/work-reports")
async def generate(
    request: Request, here: Here, caller: Writer, chosen: Annotated[str, Form()] = ""
) -> Response:
    """Generate, or open the one that is there; `chosen` is kind and period, as 2026-W48 of weekly."""
    kind, _, period = chosen.partition(":")
    command = GenerateWorkReport(caller.area, caller.subject, kind, period)
    try:
        async with here.database.transaction() as session:
            report = await usecases.generate_work_report(session, command, now=clock.now())
    except ReportExists as exists:
        existing = exists.extras["existing_id"]
        return see_other(request, f"{REPORTS}/{existing}" if existing else REPORTS)
    except Invalid as wrong:
        return await _list(request, here, caller, None, status=422, errors={"chosen": wrong.message})
    return see_other(request, f"{REPORTS}/{report.id}")


@router.get("/customer/work-reports/{report_id}")
async def show(request: Request, here: Here, caller: Reader, report_id: UUID) -> Response:
    return await _show(request, here, caller, report_id)


@router.post("/customer/work-reports/{report_id}")
async def write(
    request: Request,
    here: Here,
    caller: Writer,
    report_id: UUID,
    comment: Annotated[str, Form()] = "",
    hand_in: Annotated[str, Form()] = "",
) -> Response:
    """Keep the words, or hand the report in with them."""
    try:
        body = WorkReportSubmit(comment=comment)
    except ValidationError:
        wrong = {"comment": "最多 2000 个字。"}
        return await _show(request, here, caller, report_id, status=422, errors=wrong, comment=comment)
    command, now = WriteComment(caller.area, report_id, caller.subject, body.comment), clock.now()
    async with here.database.transaction() as session:
        if hand_in:
            await usecases.submit_work_report(session, command, now=now)
        else:
            await usecases.comment_on_work_report(session, command, unless_stale=_newest, now=now)
    return see_other(request, f"{REPORTS}/{report_id}", say="已提交。" if hand_in else "已保存，数字已更新。")


@router.get("/customer/market-reports")
async def market_reports(
    request: Request, here: Here, caller: Reader, cursor: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    return await _market(request, here, caller, cursor)


@router.post("/customer/market-reports")
async def hand_in_market_report(request: Request, here: Here, caller: Writer) -> Response:
    form = await request.form()
    typed = {name: str(form[name]) for name in TYPED if form.get(name)}
    try:
        body = MarketReportCreate.model_validate(typed)
        command = HandInMarketReport(caller.area, caller.subject, body.facts())
        async with here.database.transaction() as session:
            await usecases.hand_in_market_report(session, command, now=clock.now())
    except ValidationError as wrong:
        errors = {str(error["loc"][0]): "请填写，不要过长。" for error in wrong.errors()}
        return await _market(request, here, caller, None, status=422, errors=errors, typed=typed)
    except Invalid as wrong:
        return await _market(
            request, here, caller, None, status=422, errors={"title": wrong.message}, typed=typed
        )
    return see_other(request, MARKET, say="已提交。")


async def _market(
    request: Request,
    here: Runtime,
    caller: Caller,
    cursor: str | None,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    async with here.database.reading() as session:
        found = await repository.market_reports_page(
            session, caller.area, Filters(), PageRequest(SHOWN, cursor)
        )
        names = await directory.clerk_names(session, [report.clerk for report in found.items])
    return render(
        request, "reports/market.html", status=status, reports=found.items, names=names, kinds=rules.MARKET_KINDS,
        filled={**dict.fromkeys(TYPED, ""), **(typed or {})}, errors=errors or {},
        today=clock.business_date(clock.now()), writes="reports:write" in caller.scopes,
        next_url=f"?cursor={found.next_cursor}" if found.next_cursor else None,
    )  # fmt: skip


async def _list(
    request: Request,
    here: Runtime,
    caller: Caller,
    cursor: str | None,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
) -> Response:
    filters = Filters(clerk=caller.subject if caller.role == "clerk" else None)
    async with here.database.reading() as session:
        found = await repository.work_reports_page(session, caller.area, filters, PageRequest(SHOWN, cursor))
        names = await directory.clerk_names(session, [report.clerk for report in found.items])
    today = clock.business_date(clock.now())
    return render(
        request, "reports/list.html", status=status, reports=found.items, kinds=rules.KINDS, names=names,
        periods=_periods(today), errors=errors or {}, writes="reports:write" in caller.scopes,
        next_url=f"?cursor={found.next_cursor}" if found.next_cursor else None,
    )  # fmt: skip


async def _show(
    request: Request, here: Runtime, caller: Caller, report_id: UUID, *, status: int = 200, **values: Any
) -> Response:
    async with here.database.reading() as session:
        report = await repository.get_work_report(session, report_id, caller.area)
        hall = await directory.get_hall(session, report.hall)
        names = await directory.clerk_names(session, [report.clerk])
    usual = {"errors": {}, "comment": report.comment}
    return render(
        request, "reports/report.html", status=status, report=report, hall=hall, kinds=rules.KINDS,
        labels=rules.FIGURES, author=names.get(report.clerk, report.clerk), late=clock.now() > report.due_at,
        mine=report.clerk == caller.subject and "reports:write" in caller.scopes, **{**usual, **values},
    )  # fmt: skip


def _periods(today: date) -> list[tuple[str, str]]:
    """What is usually reported on: today and yesterday, this week and the last, this month and the last."""
    last_month = today.replace(day=1) - timedelta(days=1)
    days = {
        "daily": {"今天": today, "昨天": today - timedelta(days=1)},
        "weekly": {"本周": today, "上周": today - timedelta(days=7)},
        "monthly": {"本月": today, "上月": last_month},
    }
    return [
        (
            f"{kind}:{rules.period_on(kind, day)}",
            f"{rules.KINDS[kind]}：{word}（{rules.period_on(kind, day)}）",
        )
        for kind, words in days.items()
        for word, day in words.items()
    ]


def _newest(_version: int | str) -> None:
    """A form shows the newest version."""
