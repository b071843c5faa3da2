"""Contacts and follow-ups over HTTP: log, list with counts, complete, export; kinds of contact and the ladder."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response
from starlette.responses import StreamingResponse

from services.customer.archive import repository as archive_records
from services.customer.touches import repository, usecases
from services.customer.touches.repository import Filters
from services.customer.touches.schemas import (
    EXPORT_HEADINGS,
    CompletionCreate,
    CompletionRead,
    CountsRead,
    FollowUpPage,
    FollowUpQuery,
    FollowUpRead,
    KindList,
    Ladder,
    LadderStepPut,
    LadderStepRead,
    OwedRead,
    TouchCreate,
    TouchKindPut,
    TouchKindRead,
    TouchLoggedRead,
    TouchRead,
    export_row,
)
from services.customer.touches.usecases import ChangeLadderStep, ChangeTouchKind, CompleteFollowUp, LogTouch
from shared import clock
from shared.pagination import Page
from shared.runtime import Runtime
from shared.security.tenancy import Area, Caller
from shared.spreadsheets import BOM, CSV_TYPE, content_disposition, csv_line
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag
from shared.web.once import json_response

router = APIRouter(prefix="/customer/v1", tags=["touches"])

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("touches:write")]
Ruler = Annotated[Caller, requires("tiers:write")]
Wanted = Annotated[FollowUpQuery, Query()]
NDJSON = "application/x-ndjson"
EXPORT_CHUNK = 500


@router.post("/customers/{customer_id}/touches", status_code=201, response_model=TouchLoggedRead)
async def log_touch(customer_id: UUID, body: TouchCreate, once: Once, caller: Writer) -> Response:
    """Log a visit, a call, a contact at the counter. One that qualifies resets the customer's follow-up clock."""
    now = clock.now()
    command = LogTouch(
        caller.area, customer_id, body.kind, _made_by(body, caller), body.occurred_at or now, caller.subject, body.note
    )  # fmt: skip
    async with once.transaction() as session:
        logged = await usecases.log_touch(session, command, now=now)
        return once.answer(201, TouchLoggedRead.of(logged, clock.business_date(now)))


@router.get("/customers/{customer_id}/touches")
async def list_touches(customer_id: UUID, here: Here, caller: Reader, page: PageQuery) -> Page[TouchRead]:
    """Newest first."""
    async with here.database.reading() as session:
        customer = await archive_records.get_customer(session, customer_id, caller.area)
        found = await repository.touches_page(session, customer.id, page)
    return found.map(TouchRead.model_validate)


@router.get("/follow-ups", response_model=FollowUpPage)
async def list_follow_ups(here: Here, caller: Reader, page: PageQuery, wanted: Wanted) -> Response:
    """Open follow-ups, longest owed first, with the counts of every state."""
    today, filters = clock.business_date(clock.now()), wanted.filters()
    async with here.database.reading() as session:
        found = await repository.follow_ups_page(session, caller.area, filters, today, page)
        counts = await repository.counts(session, caller.area, filters, today)
    answer = FollowUpPage(
        items=[OwedRead.of_owed(owed, today) for owed in found.items],
        next_cursor=found.next_cursor,
        today=today,
        counts=CountsRead.model_validate(counts),
    )
    return json_response(200, answer)  # as it is: the framework would check all of it once more


@router.get("/follow-ups/export", response_class=StreamingResponse)
async def export_follow_ups(
    here: Here,
    caller: Reader,
    wanted: Wanted,
    form: Annotated[Literal["csv", "ndjson"], Query(alias="format")] = "csv",
) -> StreamingResponse:
    """The same follow-ups as a file: CSV for a spreadsheet, or NDJSON."""
    today = clock.business_date(clock.now())
    chunks = _chunks(here, caller.area, wanted.filters(), today)
    headers = {"content-disposition": content_disposition(f"回访名单-{today}.{form}", fallback="follow-ups")}
    if form == "csv":
        return StreamingResponse(_csv(chunks, today), media_type=CSV_TYPE, headers=headers)
    return StreamingResponse(_ndjson(chunks, today), media_type=NDJSON, headers=headers)


@router.get("/follow-ups/{follow_up_id}")
async def get_follow_up(follow_up_id: UUID, here: Here, caller: Reader, response: Response) -> FollowUpRead:
    async with here.database.reading() as session:
        follow_up = await repository.get_follow_up(session, follow_up_id, caller.area)
    response.headers["ETag"] = etag(follow_up.version)
    return FollowUpRead.of(follow_up, clock.business_date(clock.now()))


@router.post("/follow-ups/{follow_up_id}/completion", status_code=201, response_model=CompletionRead)
async def complete_follow_up(
    follow_up_id: UUID, body: CompletionCreate, once: Once, caller: Writer
) -> Response:
    """Done: the contact is logged, and the next one is owed from it."""
    now = clock.now()
    command = CompleteFollowUp(
        caller.area, follow_up_id, body.kind, _made_by(body, caller), body.occurred_at or now, caller.subject, body.note
    )  # fmt: skip
    async with once.transaction() as session:
        logged = await usecases.complete_follow_up(session, command, now=now)
        return once.answer(201, CompletionRead.of_logged(logged, clock.business_date(now)))


@router.get("/touch-kinds")
async def list_touch_kinds(here: Here, _caller: Reader) -> KindList:
    """The ways of contact, and which of them are follow-ups."""
    async with here.database.reading() as session:
        found = await repository.kinds(session)
    return KindList(items=[TouchKindRead.model_validate(kind) for kind in found])


@router.put("/touch-kinds/{kind}")
async def change_touch_kind(
    kind: str, body: TouchKindPut, here: Here, _caller: Ruler, if_match: IfMatch, response: Response
) -> TouchKindRead:
    command = ChangeTouchKind(kind, body.label, body.qualifying)
    async with here.database.transaction() as session:
        changed = await usecases.change_touch_kind(session, command, unless_stale=if_match.check)
    response.headers["ETag"] = etag(changed.version)
    return TouchKindRead.model_validate(changed)


@router.get("/follow-up-ladder")
async def get_ladder(here: Here, _caller: Reader) -> Ladder:
    """Whom a follow-up that is overdue reaches, and when."""
    async with here.database.reading() as session:
        steps = await repository.ladder(session)
    return Ladder(items=[LadderStepRead.model_validate(step) for step in steps])


@router.put("/follow-up-ladder/{step}")
async def change_ladder_step(
    step: str, body: LadderStepPut, here: Here, _caller: Ruler, if_match: IfMatch, response: Response
) -> LadderStepRead:
    """Counts for steps that are planned from now on."""
    command = ChangeLadderStep(step, body.days)
    async with here.database.transaction() as session:
        changed = await usecases.change_ladder_step(session, command, unless_stale=if_match.check)
    response.headers["ETag"] = etag(changed.version)
    return LadderStepRead.model_validate(changed)


def _made_by(body: TouchCreate, caller: Caller) -> str | None:
    """Who had the contact; a machine that names nobody speaks for the customer's own manager."""
    return body.clerk or (None if caller.role == "pos" else caller.subject)


async def _chunks(
    here: Runtime, area: Area, filters: Filters, today: date
) -> AsyncIterator[list[repository.Owed]]:
    """A session for each chunk, so that a slow reader holds nothing."""
    after: repository.Owed | None = None
    while True:
        async with here.database.reading() as session:
            chunk = await repository.follow_ups_after(session, area, filters, today, after, EXPORT_CHUNK)
        yield chunk
        if len(chunk) < EXPORT_CHUNK:
            return
        after = chunk[-1]


async def _csv(chunks: AsyncIterator[list[repository.Owed]], today: date) -> AsyncIterator[bytes]:
    yield BOM + csv_line(EXPORT_HEADINGS)
    async for chunk in chunks:
        yield b"".join(csv_line(export_row(owed, today)) for owed in chunk)


async def _ndjson(chunks: AsyncIterator[list[repository.Owed]], today: date) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield b"".join(
            orjson.dumps(OwedRead.of_owed(owed, today).model_dump(mode="json")) + b"\n" for owed in chunk
        )
