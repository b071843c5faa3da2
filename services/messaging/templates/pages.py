"""Templates as pages: the list, writing a version with a preview, and its approval by somebody else."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.messaging.templates import repository, rules, usecases
from services.messaging.templates.errors import ApproverIsAuthor, TemplateClassFixed, TemplateInvalid
from services.messaging.templates.rules import CLASS_NAMES, EXEMPT, Preview
from services.messaging.templates.schemas import TemplateCreate
from services.messaging.templates.usecases import EXAMPLE_HALL, WriteTemplate
from shared import clock
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings
from shared.web.pages import render, see_other

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("templates:read")]
Writer = Annotated[Caller, requires("templates:write")]
PAGE, SHOWN = "/messaging/templates", 50
FIELDS = ("code", "title", "class", "text")


@router.get("/messaging/templates")
async def templates(
    request: Request, here: Here, caller: Reader, cursor: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    async with here.database.reading() as session:
        found = await repository.newest_page(session, PageRequest(SHOWN, cursor))
    return render(
        request, "templates/templates.html", templates=found.items, class_names=CLASS_NAMES, exempt=EXEMPT,
        may_write=caller.may("templates:write"),
        next_url=f"{PAGE}?cursor={found.next_cursor}" if found.next_cursor else None,
    )  # fmt: skip


@router.get("/messaging/templates/new")
async def new_template(request: Request, _caller: Writer) -> Response:
    return _form(request, _blank(), _blank(), None)


@router.post("/messaging/templates/preview")
async def preview(request: Request, _caller: Writer) -> Response:
    """What htmx puts beside the form while it is filled in."""
    form = await request.form()
    return render(request, "templates/preview.html", preview=_preview(_typed(form)))


@router.get("/messaging/templates/preview")
async def back_to_templates(request: Request, _caller: Reader) -> Response:
    return see_other(request, PAGE)


@router.post("/messaging/templates")
async def write_template(request: Request, here: Here, caller: Writer) -> Response:
    """A draft, or the next version as one; the form again with what is wrong."""
    typed = _typed(await request.form())
    try:
        body = TemplateCreate.model_validate({name: typed[name] for name in FIELDS if typed[name]})
        command = WriteTemplate(body.code, body.title, body.message_class, body.text, author=caller.subject)
        async with here.database.transaction() as session:
            await usecases.write_template(session, command, now=clock.now())
    except (ValidationError, TemplateInvalid, TemplateClassFixed) as wrong:
        return _form(request, typed, _errors_of(wrong), None, status=422)
    return see_other(request, f"{PAGE}/{body.code}", say="已保存为草稿，请另一位同事审批。")


@router.get("/messaging/templates/{code}")
async def template_page(request: Request, here: Here, caller: Reader, code: str) -> Response:
    return await _page(request, here, caller, code)


@router.get("/messaging/templates/{code}/approval")
async def back_to_template(request: Request, _caller: Reader, code: str) -> Response:
    return see_other(request, f"{PAGE}/{code}")


@router.post("/messaging/templates/{code}/approval")
async def approve_template(
    request: Request, here: Here, caller: Writer, code: str, version: Annotated[int, Form()]
) -> Response:
    """The version that was looked at: a newer one would be other words."""
    try:
        async with here.database.transaction() as session:
            newest = await repository.get_newest(session, code)
            if newest.version == version:
                await usecases.approve_template(session, code, caller.subject, now=clock.now())
    except ApproverIsAuthor as wrong:
        return see_other(request, f"{PAGE}/{code}", say=wrong.message, tone="bad")
    if newest.version != version:
        return see_other(request, f"{PAGE}/{code}", say="模板刚有了新版本，请看过再审批。", tone="warn")
    return see_other(request, f"{PAGE}/{code}", say="已审批，开始使用。")


async def _page(request: Request, here: Runtime, caller: Caller, code: str) -> Response:
    async with here.database.reading() as session:
        template = await repository.get_newest(session, code)
        used = (await repository.approved_by_code(session, [code])).get(code)
    return render(
        request, "templates/template.html", newest=template, used=used, class_names=CLASS_NAMES,
        preview=usecases.preview(template.text, template.message_class, {}, EXAMPLE_HALL),
        may_write=caller.may("templates:write"), mine=template.author == caller.subject, values=template.model_dump(),
        errors=_blank(), classes=list(CLASS_NAMES.items()), given=rules.GIVEN, parent=template,
    )  # fmt: skip


def _form(
    request: Request, values: Mapping[str, Any], errors: Mapping[str, str], parent: Any, *, status: int = 200
) -> Response:
    return render(
        request, "templates/new.html", status=status, values=values, errors=errors, preview=_preview(values),
        classes=list(CLASS_NAMES.items()), given=rules.GIVEN, parent=parent,
    )  # fmt: skip


def _preview(typed: Mapping[str, Any]) -> Preview | None:
    """None while the words cannot be filled in as they stand."""
    try:
        return usecases.preview(typed["text"], typed["class"] or "service", {}, EXAMPLE_HALL)
    except (TemplateInvalid, KeyError):
        return None


def _typed(form: FormData) -> dict[str, Any]:
    return _blank(**{name: str(form.get(name, "")) for name in FIELDS})


def _blank(**values: Any) -> dict[str, Any]:
    return defaultdict(str, values)


def _errors_of(wrong: ValidationError | TemplateInvalid | TemplateClassFixed) -> dict[str, str]:
    if isinstance(wrong, TemplateClassFixed):
        return _blank(**{"class": wrong.message})
    found = findings(wrong)
    return _blank(**{error.pointer.strip("/") or "text": error.detail for error in found})
