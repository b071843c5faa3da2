"""Templates over HTTP: list, write, approve, preview."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.messaging.templates import repository, rules, usecases
from services.messaging.templates.models import Template
from services.messaging.templates.schemas import PreviewRead, PreviewRequest, TemplateCreate, TemplateRead
from services.messaging.templates.usecases import WriteTemplate
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires

router = APIRouter(prefix="/messaging/v1/templates", tags=["templates"])

Reader = Annotated[Caller, requires("templates:read")]
Writer = Annotated[Caller, requires("templates:write")]


def _read(template: Template) -> TemplateRead:
    return TemplateRead.of(template, exempt=rules.is_exempt(template.message_class))


@router.get("")
async def list_templates(here: Here, _caller: Reader, page: PageQuery) -> Page[TemplateRead]:
    """The newest version of each template, by code."""
    async with here.database.reading() as session:
        found = await repository.newest_page(session, page)
    return found.map(_read)


@router.post("", status_code=201, response_model=TemplateRead)
async def write_template(body: TemplateCreate, once: Once, caller: Writer) -> Response:
    """A draft: somebody else approves it before it is used."""
    command = WriteTemplate(body.code, body.title, body.message_class, body.text, author=caller.subject)
    async with once.transaction() as session:
        template = await usecases.write_template(session, command, now=clock.now())
        return once.answer(201, _read(template), etag=template.version)


@router.post("/preview")
async def preview_template(body: PreviewRequest, here: Here, caller: Reader) -> PreviewRead:
    """The text as a customer gets it, its parts and what the carrier bills. Stores nothing."""
    async with here.database.reading() as session:
        words = await usecases.words_of_hall(session, body.hall, caller.area)
        text, message_class = body.text or "", str(body.message_class)
        if body.template is not None:
            template = await repository.get_newest(session, body.template)
            text, message_class = template.text, template.message_class
    return PreviewRead.of(usecases.preview(text, message_class, body.params, words))


@router.get("/{code}")
async def get_template(code: str, here: Here, _caller: Reader) -> TemplateRead:
    async with here.database.reading() as session:
        template = await repository.get_newest(session, code)
    return _read(template)


@router.post("/{code}/approval", response_model=TemplateRead)
async def approve_template(code: str, once: Once, caller: Writer) -> Response:
    """Take the newest version into use; never by its author."""
    async with once.transaction() as session:
        template = await usecases.approve_template(session, code, caller.subject, now=clock.now())
        return once.answer(200, _read(template), etag=template.version)
