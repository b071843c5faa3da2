"""Campaigns as pages: the list, making one with a preview, the approval, and the progress as it happens."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from services.messaging.audience import repository as audience
from services.messaging.campaigns import repository, rules
from services.messaging.campaigns.models import Campaign
from services.messaging.campaigns.schemas import CampaignCreate
from services.messaging.campaigns.usecases import decide_campaign
from services.messaging.campaigns.usecases.decide_campaign import ApproveCampaign, MakeCampaign
from services.messaging.messages.rules import STATUS_NAMES, reason_name
from services.messaging.templates import repository as templates
from services.messaging.templates import usecases as template_usecases
from services.messaging.templates.models import Template
from services.messaging.templates.rules import CLASS_NAMES, Preview
from shared import clock
from shared.errors import Conflict, HallError, Invalid
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("campaigns:read")]
Writer = Annotated[Caller, requires("campaigns:write")]
Approver = Annotated[Caller, requires("campaigns:approve")]
Cursor = Annotated[str | None, Query(max_length=2000)]
PAGE, SHOWN = "/messaging/campaigns", 20
MANY = 100_000
"""A campaign of more is counted less often while somebody watches."""
LIVE = frozenset({rules.APPROVED, rules.RUNNING, rules.PAUSED})
TONES = {rules.COUNTED: "warn", rules.PAUSED: "warn", rules.RUNNING: "good", rules.COMPLETED: "good"}
FILTERS: dict[str, tuple[str, dict[str, str]]] = {
    "brand": ("品牌", {"1": "全球通", "2": "动感地带", "3": "神州行"}),
    "age_band": ("年龄阶段", {"1": "18 岁以下", "2": "18–25 岁", "3": "25–35 岁", "4": "35 岁以上"}),
    "spend_band": (
        "月消费",
        {"0": "30 元以下", "1": "30–80 元", "2": "80–120 元", "3": "120–200 元", "4": "200 元以上"},
    ),
    "tier": ("客户类别", {"A": "A 类", "B": "B 类", "C": "C 类"}),
    "habits": ("用机习惯", {"1": "经常关机", "2": "常打固定号码", "3": "常用短信彩信", "4": "常用手机上网"}),
    "preferences": ("业务偏好", {"1": "商务", "2": "生活信息", "3": "游戏娱乐", "4": "音乐"}),
}
"""The archive's codes by their published names; the archive owns them, and another code is shown as it is."""


@router.get("/messaging/campaigns")
async def campaigns(
    request: Request,
    here: Here,
    caller: Reader,
    status: Annotated[str | None, Query(max_length=10)] = None,
    cursor: Cursor = None,
) -> Response:
    wanted = status if status in rules.STATES else None
    async with here.database.reading() as session:
        page = PageRequest(SHOWN, cursor)
        found = await repository.campaigns_page(session, caller.area, page, wanted)
        moving = [each.id for each in found.items if each.approved_at and each.completed_at is None]
        progress = await repository.progresses(session, moving)
        names = await audience.hall_names(session, {each.hall for each in found.items if each.hall})
    listed = [(each, counts(each, progress)) for each in found.items]
    following = f"{PAGE}?cursor={found.next_cursor}" + (f"&status={wanted}" if wanted else "")
    return render(
        request, "campaigns/campaigns.html", campaigns=listed, halls=names, wanted=wanted,
        state_names=rules.STATE_NAMES, tones=TONES, class_names=CLASS_NAMES, may_write=caller.may("campaigns:write"),
        next_url=following if found.next_cursor else None,
    )  # fmt: skip


@router.get("/messaging/campaigns/new")
async def new_campaign(
    request: Request, here: Here, caller: Writer, template: Annotated[str | None, Query(max_length=40)] = None
) -> Response:
    """First the template, then the rest with the template's own fields."""
    return await _form(request, here, caller, template, _usual(), _blank())


@router.get("/messaging/campaigns/preview")
async def back_to_campaigns(request: Request, _caller: Reader) -> Response:
    return see_other(request, PAGE)


@router.post("/messaging/campaigns/preview")
async def preview(request: Request, here: Here, caller: Writer) -> Response:
    """The text with what is filled in so far; htmx puts it beside the form."""
    form = await request.form()
    async with here.database.reading() as session:
        template = await templates.get_approved(session, str(form.get("template", "")))
        shown = await _preview(session, caller, template, _params(form, template), str(form.get("hall", "")))
    return render(request, "campaigns/preview.html", preview=shown)


@router.post("/messaging/campaigns")
async def make_campaign(request: Request, here: Here, caller: Writer) -> Response:
    """The campaign with its audience counted; the form again with what is wrong."""
    form, now = await request.form(), clock.now()
    try:
        async with here.database.reading() as session:
            template = await templates.get_approved(session, str(form.get("template", "")))
        body = CampaignCreate.model_validate(_body_of(form, template))
        command = MakeCampaign(caller.area, caller.subject, **body.facts(now=now))
        async with here.database.transaction() as session:
            campaign = await decide_campaign.make_campaign(session, command, now=now)
            await decide_campaign.count_audience(session, campaign.id, caller.area, now=now)
    except (Invalid, Conflict, ValidationError) as wrong:
        values, errors = _values_of(form), _errors_of(wrong)
        return await _form(request, here, caller, str(form.get("template", "")), values, errors, status=422)
    return see_other(request, f"{PAGE}/{campaign.id}", say="名单已统计，请另一位同事核对人数后审批。")


@router.get("/messaging/campaigns/{campaign_id}")
async def campaign_page(request: Request, here: Here, caller: Reader, campaign_id: UUID) -> Response:
    return await _campaign(request, here, caller, campaign_id)


@router.get("/messaging/campaigns/{campaign_id}/progress")
async def progress(request: Request, here: Here, caller: Reader, campaign_id: UUID) -> Response:
    """The part that htmx asks for again and again while something moves."""
    if not wants_part(request):
        return see_other(request, f"{PAGE}/{campaign_id}")
    async with here.database.reading() as session:
        campaign = await repository.get_campaign(session, campaign_id, caller.area)
        values = await _moving(session, caller, campaign)
    return render(request, "campaigns/progress.html", campaign=campaign, **values)


@router.get("/messaging/campaigns/{campaign_id}/{_act}")
async def back_to_campaign(request: Request, _caller: Reader, campaign_id: UUID, _act: str) -> Response:
    """Whoever opens again the address to which a button was sent."""
    return see_other(request, f"{PAGE}/{campaign_id}")


@router.post("/messaging/campaigns/{campaign_id}/approval")
async def approve_campaign(
    request: Request, here: Here, caller: Approver, campaign_id: UUID, head_count: Annotated[str, Form()] = ""
) -> Response:
    """With the head count typed again, so that it has been read."""
    try:
        count = int(head_count) if head_count.strip().isdecimal() else -1
        command = ApproveCampaign(caller.area, campaign_id, caller.subject, count)
        async with here.database.transaction() as session:
            await decide_campaign.approve_campaign(session, command, now=clock.now())
    except (Invalid, Conflict) as wrong:
        errors = _errors_of(wrong)
        return await _campaign(
            request, here, caller, campaign_id, status=422, errors=errors, typed=head_count
        )
    return see_other(request, f"{PAGE}/{campaign_id}", say="已审批。")


@router.post("/messaging/campaigns/{campaign_id}/audience")
async def count_audience(request: Request, here: Here, caller: Writer, campaign_id: UUID) -> Response:
    return await _decide(request, here, caller, campaign_id, decide_campaign.count_audience, "已重新统计。")


@router.post("/messaging/campaigns/{campaign_id}/pause")
async def pause_campaign(request: Request, here: Here, caller: Writer, campaign_id: UUID) -> Response:
    return await _decide(request, here, caller, campaign_id, decide_campaign.pause_campaign, "已暂停。")


@router.post("/messaging/campaigns/{campaign_id}/resume")
async def resume_campaign(request: Request, here: Here, caller: Writer, campaign_id: UUID) -> Response:
    return await _decide(request, here, caller, campaign_id, decide_campaign.resume_campaign, "已继续。")


@router.post("/messaging/campaigns/{campaign_id}/cancel")
async def cancel_campaign(request: Request, here: Here, caller: Writer, campaign_id: UUID) -> Response:
    return await _decide(request, here, caller, campaign_id, decide_campaign.cancel_campaign, "已取消。")


async def _decide(
    request: Request,
    here: Runtime,
    caller: Caller,
    campaign_id: UUID,
    decide: Callable[..., Awaitable[Campaign]],
    say: str,
) -> Response:
    """A button; what the state no longer allows is said on the campaign's page."""
    try:
        async with here.database.transaction() as session:
            await decide(session, campaign_id, caller.area, now=clock.now())
    except Conflict as wrong:
        return see_other(request, f"{PAGE}/{campaign_id}", say=wrong.message, tone="bad")
    return see_other(request, f"{PAGE}/{campaign_id}", say=say)


async def _campaign(
    request: Request, here: Runtime, caller: Caller, campaign_id: UUID, *, status: int = 200, errors: Any = None,
    typed: str = "",
) -> Response:  # fmt: skip
    async with here.database.reading() as session:
        campaign = await repository.get_campaign(session, campaign_id, caller.area)
        template = await templates.get_version(session, campaign.template_code, campaign.template_version)
        shown = await _preview(session, caller, template, campaign.words(), campaign.hall or "")
        names = await audience.hall_names(session, {campaign.hall} if campaign.hall else set())
        values = await _moving(session, caller, campaign)
    return render(
        request, "campaigns/campaign.html", status=status, campaign=campaign, used=template, preview=shown,
        halls=names, filters=_filters_in_words(campaign.filters), errors=errors or _blank(), typed=typed,
        class_names=CLASS_NAMES, may_approve=caller.may("campaigns:approve"), mine=campaign.author == caller.subject,
        **values,
    )  # fmt: skip


async def _moving(session: AsyncSession, caller: Caller, campaign: Campaign) -> dict[str, Any]:
    """What changes while a campaign runs."""
    found = await repository.progress_of(session, campaign.id)
    return {
        "progress": found,
        "bars": bars(found),
        "state_name": rules.STATE_NAMES[campaign.status],
        "tone": TONES.get(campaign.status, "plain"),
        "every": 2 if found.audience < MANY else 10,
        "live": campaign.status in LIVE or (campaign.completed_at is None and campaign.approved_at is not None),
        "allowed": rules.allowed_moves(campaign.status),
        "may_write": caller.may("campaigns:write"),
        "reasons": sorted(((reason_name(r), n) for r, n in found.suppressed.items()), key=lambda each: -each[1]),
        "pending": [
            ("等待轮到" if state == "waiting" else STATUS_NAMES[state], n) for state, n in found.pending.items()
        ],
        "pause_reason": {"by-hand": "人工暂停", "words-changed": "模板换了版本，内容与审批的不同"}.get(
            campaign.pause_reason or "", ""
        ),
    }  # fmt: skip


def counts(campaign: Campaign, progress: Mapping[UUID, rules.Progress]) -> Mapping[str, int]:
    """What moves is counted now; what is closed was counted when it was, and millions are not counted for a list."""
    now = progress.get(campaign.id)
    if now is None:
        return campaign.outcome or {}
    return {"sent": now.sent, "failed": now.failed, "suppressed": now.kept_back, "pending": now.waiting}


def bars(progress: rules.Progress) -> list[tuple[str, float, float]]:
    """Kind, start and width of each part of the bar, in hundredths of the audience."""
    whole, start, found = progress.audience or 1, 0.0, []
    for kind, number in (
        ("sent", progress.sent), ("failed", progress.failed), ("kept", progress.kept_back), ("waits", progress.waiting),
    ):  # fmt: skip
        width = round(100 * number / whole, 2)
        found.append((kind, start, width))
        start = round(start + width, 2)
    return found


async def _form(
    request: Request, here: Runtime, caller: Caller, code: str | None, values: Mapping[str, Any],
    errors: Mapping[str, str], *, status: int = 200,
) -> Response:  # fmt: skip
    async with here.database.reading() as session:
        usable = await templates.in_use(session, rules.CLASSES)
        chosen = next((each for each in usable if each.code == code), None)
        shown = None
        if chosen is not None:
            params = {name: str(values[f"p_{name}"]) for name in chosen.params if values[f"p_{name}"]}
            shown = await _preview(session, caller, chosen, params, str(values["hall"]))
        halls = [] if caller.hall else await audience.halls_in(session, caller.area)
    return render(
        request, "campaigns/new.html", status=status, templates=usable, chosen=chosen, preview=shown, values=values,
        errors=errors, halls=[(hall.code, hall.full_name) for hall in halls], filters=FILTERS, class_names=CLASS_NAMES,
    )  # fmt: skip


async def _preview(
    session: AsyncSession, caller: Caller, template: Template, params: Mapping[str, str], hall: str
) -> Preview:
    words = await template_usecases.words_of_hall(session, hall or caller.hall, caller.area)
    return template_usecases.preview(template.text, template.message_class, params, words)


def _usual() -> Mapping[str, Any]:
    """A form that nobody has filled in: until eight in the evening in a week."""
    ends = (clock.now() + timedelta(days=7)).astimezone(clock.SHANGHAI)
    return _blank(ends_at=ends.strftime("%Y-%m-%dT20:00"))


def _blank(**values: Any) -> dict[str, Any]:
    return defaultdict(str, values)


def _params(form: FormData, template: Template) -> dict[str, str]:
    filled = {name: str(form.get(f"p_{name}", "")).strip() for name in template.params}
    return {name: value for name, value in filled.items() if value}


def _body_of(form: FormData, template: Template) -> dict[str, Any]:
    """The form as the API's own body, so that pages and API are judged alike."""
    times = {name: _moment(str(form.get(name, ""))) for name in ("starts_at", "spread_until", "ends_at")}
    return {
        "title": str(form.get("title", "")),
        "template": template.code,
        "params": _params(form, template),
        "hall": str(form.get("hall", "")) or None,
        "audience": {name: form.getlist(name) for name in FILTERS},
        **{name: at for name, at in times.items() if at is not None},
    }


def _moment(text: str) -> datetime | str | None:
    """A time as the browser's field gives it is the hall's; what cannot be read is left for the body to refuse."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)
    except ValueError:
        return text


def _values_of(form: FormData) -> Mapping[str, Any]:
    """What was typed, to show the form again as it was."""
    several = {name: form.getlist(name) for name in FILTERS}
    return _blank(**{name: str(value) for name, value in form.items()} | several)


def _errors_of(wrong: HallError | ValidationError) -> dict[str, str]:
    """What is wrong with which field; what belongs to none stands above the form."""
    found = findings(wrong)
    if not found and isinstance(wrong, HallError):
        return _blank(form=wrong.message)
    return _blank(**{_field_at(error.pointer): error.detail for error in found})


def _field_at(pointer: str) -> str:
    """/params/content → p_content; nothing → form."""
    first, _, rest = pointer.strip("/").partition("/")
    return f"p_{rest}" if first == "params" and rest else first or "form"


def _filters_in_words(filters: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = [(FILTERS[name], filters[name]) for name in FILTERS if filters.get(name)]
    return [(label, "、".join(names.get(code, code) for code in codes)) for (label, names), codes in named]
