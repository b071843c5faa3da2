"""Schemes and targets over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.kpi.periods.schemas import MonthCode
from services.kpi.schemes import repository, usecases
from services.kpi.schemes.rules import Level
from services.kpi.schemes.schemas import SchemeCreate, SchemeRead, TargetRead, TargetWrite
from services.kpi.schemes.usecases import DraftScheme, PublishScheme, SetTarget
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/kpi/v1", tags=["schemes"])

Reader = Annotated[Caller, requires("schemes:read")]
Writer = Annotated[Caller, requires("schemes:write")]
Planner = Annotated[Caller, requires("targets:write")]


@router.get("/schemes")
async def list_schemes(
    here: Here, _caller: Reader, page: PageQuery, level: Level | None = None
) -> Page[SchemeRead]:
    """All versions, drafts too, by level."""
    async with here.database.reading() as session:
        found = await repository.schemes_page(session, level, page)
        items = await repository.items_of(session, *(scheme.id for scheme in found.items))
    return found.map(lambda scheme: SchemeRead.of(scheme, items[scheme.id]))


@router.post("/schemes", status_code=201, response_model=SchemeRead)
async def draft(body: SchemeCreate, here: Here, once: Once, caller: Writer) -> Response:
    """A draft of the level's next version."""
    members = body.model_dump(exclude={"items"})
    command = DraftScheme(**members, items=body.to_items(), by=caller.subject)
    async with once.transaction() as session:
        scheme = await usecases.draft_scheme(session, command, now=clock.now())
        location = {"location": f"/kpi/v1/schemes/{scheme.id}"}
        return once.answer(201, SchemeRead.of(scheme, command.items), etag=scheme.version, headers=location)


@router.get("/schemes/{scheme_id}")
async def read(scheme_id: UUID, here: Here, _caller: Reader, response: Response) -> SchemeRead:
    async with here.database.reading() as session:
        scheme = await repository.get_scheme(session, scheme_id)
        items = await repository.items_of(session, scheme_id)
    response.headers["etag"] = etag(scheme.sha256 or scheme.version)
    return SchemeRead.of(scheme, items[scheme_id])


@router.post("/schemes/{scheme_id}/publication", status_code=201, response_model=SchemeRead)
async def publish(scheme_id: UUID, here: Here, once: Once, caller: Writer) -> Response:
    """Put a draft in force from its month on; afterwards it cannot be changed."""
    async with once.transaction() as session:
        scheme = await usecases.publish_scheme(
            session, PublishScheme(scheme_id, caller.subject), now=clock.now()
        )
        items = await repository.items_of(session, scheme_id)
        return once.answer(201, SchemeRead.of(scheme, items[scheme_id]), etag=scheme.sha256)


@router.get("/targets")
async def list_targets(
    here: Here,
    caller: Annotated[Caller, requires("scores:read")],
    page: PageQuery,
    month: MonthCode | None = None,
) -> Page[TargetRead]:
    """Plans of the caller's area."""
    async with here.database.reading() as session:
        found = await repository.targets_page(session, caller.area, month, page)
    return found.map(TargetRead.of)


@router.post("/targets", status_code=201, response_model=TargetRead)
async def set_target(body: TargetWrite, here: Here, once: Once, caller: Planner) -> Response:
    """Set a subject's plan for a month, or replace it."""
    command = SetTarget(**body.model_dump(), by=caller.subject, area=caller.area)
    async with once.transaction() as session:
        target = await usecases.set_target(session, command, now=clock.now())
        return once.answer(201, TargetRead.of(target), etag=target.version)
