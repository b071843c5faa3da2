"""Scripts over HTTP: find, write, change, approve, retire, count uses."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.customer.scripts import repository, usecases
from services.customer.scripts.errors import ClerkRequired
from services.customer.scripts.repository import Filters
from services.customer.scripts.schemas import (
    Approval,
    Audience,
    Moment,
    ScriptChange,
    ScriptCreate,
    ScriptRead,
    State,
    StatRead,
    StatsRead,
    UseCreate,
    UseRead,
    VersionRead,
)
from services.customer.scripts.usecases import ApproveScript, ChangeScript, UseScript, WriteScript
from shared import clock
from shared.errors import FieldError
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1/scripts", tags=["scripts"])

Reader = Annotated[Caller, requires("scripts:read")]
Writer = Annotated[Caller, requires("scripts:write")]
Month = Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


@router.get("")
async def list_scripts(
    here: Here,
    _caller: Reader,
    page: PageQuery,
    q: Annotated[str | None, Query(max_length=60)] = None,
    audience: Audience | None = None,
    moment: Moment | None = None,
    category: Annotated[str | None, Query(max_length=30)] = None,
    state: State = "in_use",
) -> Page[VersionRead]:
    """What may be said now, newest first; with `q` best match first. An audience includes what is for all."""
    filters = Filters(clock.business_date(clock.now()), audience, moment, category, state)
    async with here.database.reading() as session:
        if q is None:
            found = await repository.scripts_page(session, filters, page)
        else:
            found = await repository.scripts_about(session, q, filters, page)
    return found.map(VersionRead.of)


@router.post("", status_code=201, response_model=VersionRead)
async def write_script(body: ScriptCreate, once: Once, caller: Writer) -> Response:
    """A draft: somebody else approves it before it is used."""
    command = WriteScript(body.facts(), author=caller.subject)
    async with once.transaction() as session:
        script = await usecases.write_script(session, command, now=clock.now())
        return once.answer(201, VersionRead.of(script), etag=script.tag)


@router.get("/stats")
async def script_stats(
    here: Here,
    caller: Reader,
    by: Literal["version", "clerk"] = "version",
    month: Month | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> StatsRead:
    """Uses and acceptance inside the caller's area, most used first."""
    since, until = clock.month_bounds(month) if month else (None, None)
    async with here.database.reading() as session:
        rows = await repository.uses_by(session, caller.area, by, since=since, until=until, limit=limit)
    return StatsRead(items=[StatRead.of(row) for row in rows])


@router.get("/{script_id}")
async def get_script(script_id: UUID, here: Here, _caller: Reader, response: Response) -> ScriptRead:
    async with here.database.reading() as session:
        versions = await repository.versions_of(session, script_id)
    response.headers["ETag"] = etag(versions[0].tag)
    return ScriptRead.of(versions)


@router.patch("/{script_id}")
async def change_script(
    script_id: UUID, body: ScriptChange, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> VersionRead:
    """The draft changed; a script in use stays so, and a new draft stands beside it."""
    command = ChangeScript(script_id, body.changes(), author=caller.subject)
    async with here.database.transaction() as session:
        script = await usecases.change_script(session, command, unless_stale=if_match.check, now=clock.now())
    response.headers["ETag"] = etag(script.tag)
    return VersionRead.of(script)


@router.post("/{script_id}/approval", response_model=VersionRead)
async def approve_script(
    script_id: UUID, body: Approval, once: Once, caller: Annotated[Caller, requires("scripts:approve")]
) -> Response:
    command = ApproveScript(script_id, body.script_version, by=caller.subject)
    async with once.transaction() as session:
        script = await usecases.approve_script(session, command, now=clock.now())
        return once.answer(200, VersionRead.of(script), etag=script.tag)


@router.post("/{script_id}/retirement", response_model=VersionRead)
async def retire_script(
    script_id: UUID, once: Once, _caller: Annotated[Caller, requires("scripts:approve")]
) -> Response:
    async with once.transaction() as session:
        script = await usecases.retire_script(session, script_id, now=clock.now())
        return once.answer(200, VersionRead.of(script), etag=script.tag)


@router.post("/{script_id}/uses", status_code=201, response_model=UseRead)
async def use_script(
    script_id: UUID, body: UseCreate, once: Once, caller: Annotated[Caller, requires("scripts:use")]
) -> Response:
    command = UseScript(
        caller.area,
        script_id,
        body.script_version,
        clerk_of(caller, body.clerk),
        body.customer_id,
        body.outcome,
    )
    async with once.transaction() as session:
        use = await usecases.use_script(session, command, now=clock.now())
        return once.answer(201, UseRead.model_validate(use))


def clerk_of(caller: Caller, clerk: str | None) -> str:
    """A person acts in their own name; a machine says which clerk stands before it."""
    if caller.role != "pos":
        return caller.subject
    if clerk is None:
        raise ClerkRequired(errors=[FieldError("/clerk", ClerkRequired.code, ClerkRequired.detail)])
    return clerk
