"""The cleaning for hall managers and the office: the list in, the rehearsal looked at, confirmed, followed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from services.customer.directory import repository as directory
from services.customer.purges import repository, usecases
from services.customer.purges.gateways.lists import take_in
from services.customer.purges.schemas import OffNetListRead, OffNetRowRead, PurgeCreate, read_purge
from services.customer.purges.usecases import List, OpenList, StartPurge
from shared import clock
from shared.errors import Invalid
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.spreadsheets import UnreadableFile, read_rows
from shared.web.dependencies import Here, requires
from shared.web.limits import UPLOAD_LIMIT
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Cleaner = Annotated[Caller, requires("purges:write")]
CLEANING = "/customer/cleaning"
SHOWN, MONTHS = 10, 6
STATES = {
    "queued": "排队中", "working": "进行中", "completed": "已完成", "failed": "失败", "cancelled": "已取消",
}  # fmt: skip
OUTCOMES = {"pending": "待处理", "updated": "已登记离网", "unchanged": "无需处理", "rejected": "退回"}
TONES = {"updated": "good", "rejected": "bad", "completed": "good", "failed": "bad", "cancelled": "warn"}
NAMES: dict[str, Any] = {"states": STATES, "outcomes": OUTCOMES, "tones": TONES}


@router.get("/customer/cleaning")
async def cleaning(request: Request, here: Here, caller: Cleaner) -> Response:
    return await _cleaning(request, here, caller)


@router.post("/customer/cleaning/lists", max_body_size=UPLOAD_LIMIT)
async def take_list(request: Request, here: Here, caller: Cleaner) -> Response:
    """The operator's file; whatever it is called, by what is in it."""
    try:
        async with request.form() as form:
            list_id = await _taken_in(here, caller, form.get("file"))
    except Invalid as wrong:
        return await _cleaning(request, here, caller, status=422, errors={"file": wrong.message})
    return see_other(request, f"{CLEANING}/lists/{list_id}", say="名单已收下，正在核对。")


@router.get("/customer/cleaning/lists")
@router.get("/customer/cleaning/purges")
async def back_to_cleaning(request: Request, _caller: Cleaner) -> Response:
    """Whoever opens again the address to which a form was sent begins anew."""
    return see_other(request, CLEANING)


@router.get("/customer/cleaning/lists/{job_id}")
async def show_list(
    request: Request,
    here: Here,
    caller: Cleaner,
    job_id: UUID,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    async with here.database.reading() as session:
        job = await repository.get_list(session, job_id, caller.area)
        read = OffNetListRead.of(job, await repository.line_counts(session, job_id))
        lines = await repository.lines_page(session, job_id, PageRequest(50, cursor))
    part = wants_part(request)
    return render(
        request, "purges/list_part.html" if part else "purges/list.html", job=read, file_name=job.file_name,
        lines=[OffNetRowRead.model_validate(line) for line in lines.items],
        next_url=f"?cursor={lines.next_cursor}" if lines.next_cursor else None, **NAMES,
    )  # fmt: skip


@router.post("/customer/cleaning/purges")
async def start_purge(
    request: Request,
    here: Here,
    caller: Cleaner,
    month: Annotated[str, Form()] = "",
    confirmed: Annotated[str, Form()] = "",
    rehearsal: Annotated[UUID | None, Form()] = None,
) -> Response:
    """A rehearsal of the month; or, from a rehearsal that was looked at and confirmed, the cleaning itself."""
    if rehearsal is not None and not confirmed:
        errors = {"confirmed": "请先勾选确认：清理后不能恢复。"}
        return await _purge(request, here, caller, rehearsal, status=422, errors=errors)
    try:
        body = PurgeCreate(month=month, dry_run=rehearsal is None)
        command = StartPurge(caller.area, body.month, body.dry_run, caller.subject, caller.role)
        async with here.database.transaction() as session:
            purge = await usecases.start_purge(session, command, now=clock.now())
    except (Invalid, ValidationError):
        errors = {"month": "请选择已经开始的月份。"}
        return await _cleaning(request, here, caller, status=422, errors=errors)
    say = "正在预演，不会删除任何资料。" if body.dry_run else "清理已开始。"
    return see_other(request, f"{CLEANING}/purges/{purge.id}", say=say)


@router.get("/customer/cleaning/purges/{job_id}")
async def show_purge(request: Request, here: Here, caller: Cleaner, job_id: UUID) -> Response:
    return await _purge(request, here, caller, job_id)


@router.get("/customer/cleaning/purges/{job_id}/cancellation")
async def back_to_purge(request: Request, _caller: Cleaner, job_id: UUID) -> Response:
    return see_other(request, f"{CLEANING}/purges/{job_id}")


@router.post("/customer/cleaning/purges/{job_id}/cancellation")
async def cancel_purge(request: Request, here: Here, caller: Cleaner, job_id: UUID) -> Response:
    async with here.database.transaction() as session:
        await usecases.cancel_purge(session, job_id, caller.area, now=clock.now())
    say = "已停止。已经清理的不能恢复，其余客户不受影响。"
    return see_other(request, f"{CLEANING}/purges/{job_id}", say=say, tone="warn")


async def _taken_in(here: Runtime, caller: Caller, file: UploadFile | str | None) -> UUID:
    if not isinstance(file, UploadFile) or not file.filename:
        raise UnreadableFile(reason="请选择离网名单文件")
    lines = await run_in_threadpool(lambda: List(read_rows(file.file), here.phones))
    command = OpenList(caller.area, caller.subject, dry_run=False, file_name=file.filename)
    list_id = await take_in(here, lines, command)
    async with here.database.transaction() as session:
        await usecases.queue_list(session, list_id)
    return list_id


async def _cleaning(
    request: Request,
    here: Runtime,
    caller: Caller,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    now = clock.now()
    newest = PageRequest(SHOWN)
    async with here.database.reading() as session:
        waiting = await repository.count_left(session, caller.area, now)
        lists = await repository.lists_page(session, caller.area, newest)
        purges = await repository.purges_page(session, caller.area, newest)
    return render(
        request, "purges/cleaning.html", status=status, waiting=waiting, lists=lists.items, purges=purges.items,
        prepared=_prepared(purges.items, now), months=_months(now), errors=errors or {}, **NAMES,
    )  # fmt: skip


async def _purge(
    request: Request,
    here: Runtime,
    caller: Caller,
    purge_id: UUID,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    async with here.database.reading() as session:
        purge = await read_purge(session, purge_id, caller.area)
        halls = await directory.hall_names(session, [row.hall for row in purge.by_hall])
    part = wants_part(request)
    return render(
        request, "purges/purge_part.html" if part else "purges/purge.html", status=status, purge=purge,
        halls=halls, errors=errors or {}, **NAMES,
    )  # fmt: skip


def _prepared(purges: Sequence[Any], now: datetime) -> Any:
    """The rehearsal of last month that nobody has followed up yet."""
    last = clock.previous_month(clock.month_of(now))
    of_month = [purge for purge in purges if purge.month >= last]
    done = any(not purge.dry_run and purge.status != "cancelled" for purge in of_month)
    return None if done else next((p for p in of_month if p.dry_run and p.total), None)


def _months(now: datetime) -> list[tuple[str, str]]:
    """This month and the ones before, the last one first: that is the one usually cleaned."""
    months = [clock.month_of(now)]
    while len(months) < MONTHS:
        months.append(clock.previous_month(months[-1]))
    return [
        (month, f"{month[:4]} 年 {int(month[5:])} 月") for month in (*months[1:2], months[0], *months[2:])
    ]
