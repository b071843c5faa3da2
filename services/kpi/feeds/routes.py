"""The feeds (NDJSON) and the exports (CSV, XLSX, JSON) over HTTP.

A feed's last line says where to go on; whoever loses the connection before it asks again with the old cursor.
Pulling the same cursor twice gives the same rows, and perhaps newer ones behind them.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.commit_order import Position
from services.kpi.config import KpiSettings
from services.kpi.facts import repository as facts
from services.kpi.feeds import usecases
from services.kpi.feeds.errors import FeedLimitTooHigh
from services.kpi.feeds.schemas import HEADINGS, EndLine, FactLine, RunExport, ScoreLine, rows_of
from services.kpi.feeds.usecases import Names, Scored
from services.kpi.schemes.rules import LEVEL_NAMES
from services.kpi.scoring import repository as scoring
from services.kpi.scoring.repository import Viewer
from services.kpi.scoring.schemas import RunRead, ScoreRead, status_of
from shared import spreadsheets
from shared.database import Database
from shared.errors import FieldError
from shared.security.tenancy import Area, Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/kpi/v1", tags=["feeds"])

NDJSON = "application/x-ndjson"
CHUNK = 500

Puller = Annotated[Caller, requires("feeds:read")]
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1)]
Fetch = Callable[[AsyncSession, Area, Position, Position, int], Awaitable[Sequence[tuple[Position, Any]]]]
Form = Literal["csv", "xlsx", "json"]

EXPORT_TYPES = {"csv": spreadsheets.CSV_TYPE, "xlsx": spreadsheets.XLSX_TYPE, "json": "application/json"}


@dataclass(frozen=True, slots=True)
class Pull:
    """One request for rows behind a position, up to what was settled when it came."""

    database: Database
    area: Area
    after: Position
    until: Position
    limit: int
    fetch: Fetch
    write: Callable[[Any], BaseModel]

    async def lines(self) -> AsyncIterator[bytes]:
        """The rows chunk by chunk, each chunk in a short query of its own, then the line that says where to go on."""
        at, left, ended = self.after, self.limit, False
        while left and not ended:
            wanted = min(CHUNK, left)
            async with self.database.reading() as session:
                found = await self.fetch(session, self.area, at, self.until, wanted)
            if found:
                yield b"".join(_line(self.write(row)) for _position, row in found)
                at, left = found[-1][0], left - len(found)
            ended = len(found) < wanted
        yield _line(EndLine(next_cursor=at.to_cursor(), end_of_stream=ended))


@router.get("/feeds/facts", response_class=StreamingResponse)
async def feed_of_facts(
    request: Request, here: Here, caller: Puller, cursor: Cursor = None, limit: Limit = 1000
) -> Response:
    """Every fact of the caller's area in commit order. Corrections and late facts are further lines."""
    after = Position.from_cursor(cursor)
    async with here.database.reading() as session:
        until = await facts.settled(session)
        newest = await facts.newest(session, caller.area, until)
    pull = Pull(
        here.database, caller.area, after, until, _allowed(here, limit), usecases.facts_after, FactLine.of
    )
    return _answer(request, pull, newest)


@router.get("/feeds/scores", response_class=StreamingResponse)
async def feed_of_scores(
    request: Request, here: Here, caller: Puller, cursor: Cursor = None, limit: Limit = 1000
) -> Response:
    """Every score of the caller's area in commit order. A newer run's line replaces the older one of its subject."""
    after = Position.from_cursor(cursor)
    async with here.database.reading() as session:
        until = await scoring.settled(session)
        newest = await scoring.newest(session, caller.area, until)
        names = await usecases.names_of(session)
    pull = Pull(
        here.database,
        caller.area,
        after,
        until,
        _allowed(here, limit),
        usecases.scores_after,
        lambda scored: ScoreLine(**_read(scored, names).model_dump()),
    )
    return _answer(request, pull, newest)


@router.get("/exports/{run_id}.{form}", response_class=Response)
async def export(
    run_id: UUID, form: Form, here: Here, caller: Annotated[Caller, requires("scores:read")]
) -> Response:
    """The run as a file: exactly what the board shows of it, within the caller's area."""
    async with here.database.reading() as session:
        run, state, found = await usecases.run_of(session, run_id, Viewer.of(caller))
        names = await usecases.names_of(session)
    scores = [_read(scored, names) for scored in found]
    exported = RunExport(run=RunRead.of(run, state), items=scores)
    titles = {code: str(definition["name"]) for code, definition in run.definitions.items()}
    body = await asyncio.to_thread(_written, form, exported, titles)
    filename = f"考核成绩_{run.period}_{run.id}.{form}"
    headers = {
        "x-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-run-sha256": run.sha256,
        "content-disposition": spreadsheets.content_disposition(filename, fallback="scores"),
    }
    return Response(body, headers=headers, media_type=EXPORT_TYPES[form])


def _written(form: Form, exported: RunExport, titles: dict[str, str]) -> bytes:
    rows = [HEADINGS, *rows_of(exported.items, titles, LEVEL_NAMES)]
    if form == "json":
        return exported.model_dump_json().encode()
    if form == "csv":
        return b"".join(spreadsheets.csv_lines(rows))
    book, buffer = spreadsheets.Workbook("考核成绩"), io.BytesIO()
    for number, row in enumerate(rows):
        book.append(row, bold=number == 0)
    book.save(buffer)
    return buffer.getvalue()


def _read(scored: Scored, names: Names) -> ScoreRead:
    score, results, run, state = scored
    return ScoreRead.of(score, results, run, status_of(run, state), names)


def _answer(request: Request, pull: Pull, newest: Position) -> Response:
    """304 when nothing has become readable since the caller's last pull of this cursor."""
    seen = hashlib.sha256(f"{pull.area}{pull.after}{newest}{pull.limit}".encode()).hexdigest()[:32]
    headers = {"etag": f'"{seen}"', "cache-control": "no-cache"}
    asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if headers["etag"] in asked:
        return Response(status_code=304, headers=headers)
    return StreamingResponse(pull.lines(), media_type=NDJSON, headers=headers)


def _allowed(here: Here, limit: int) -> int:
    most = cast("KpiSettings", here.settings).feed_limit
    if limit > most:
        detail = FeedLimitTooHigh.detail.format(most=most)
        raise FeedLimitTooHigh(most=most, errors=[FieldError("/limit", FeedLimitTooHigh.code, detail)])
    return limit


def _line(row: BaseModel) -> bytes:
    return row.model_dump_json().encode() + b"\n"
