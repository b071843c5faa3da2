"""The month's plans by hall: write the content, approve it, and see who had none."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError

from services.messaging.calendar import repository as calendar
from services.messaging.calendar import usecases as calendar_usecases
from services.messaging.calendar.schemas import alarm_about
from services.messaging.messages.rules import reason_name
from services.messaging.plans import repository, rules
from services.messaging.plans.models import Plan
from services.messaging.plans.schemas import Month, PlanPatch, PlansCreate
from services.messaging.plans.usecases import decide_plan
from services.messaging.plans.usecases.decide_plan import RevisePlan
from services.messaging.plans.usecases.show_month import rules_of, show_month
from services.messaging.plans.usecases.write_plans import WritePlans, write_plans
from services.messaging.templates.rules import CLASS_NAMES
from shared import clock
from shared.errors import Conflict, Invalid
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, see_other
from shared.web.validation import field_error

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("campaigns:read")]
Writer = Annotated[Caller, requires("campaigns:write")]
Approver = Annotated[Caller, requires("campaigns:approve")]
Text = Annotated[str, Form()]
PAGE, TEMPLATE, CONTENT = "/messaging/plans", "service", "content"
SHOWN = 50
TONES = {rules.DRAFT: "warn", rules.APPROVED: "good", rules.CANCELLED: "plain"}


@router.get("/messaging/plans")
async def plans(
    request: Request,
    here: Here,
    caller: Reader,
    month: Annotated[Month | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    return await _page(request, here, caller, month or clock.month_of(clock.now()), cursor=cursor)


@router.post("/messaging/plans/content")
async def write(
    request: Request, here: Here, caller: Writer, month: Annotated[Month, Form()], content: Text = ""
) -> Response:
    """The month's service SMS for every hall of the area that has none; the form again with what is wrong."""
    words = {CONTENT: content.strip()} if content.strip() else {}
    try:
        body = PlansCreate.model_validate(
            {"class": rules.SERVICE, "month": month, "template": TEMPLATE, "params": words}
        )
        command = WritePlans(caller.area, caller.subject, rules.SERVICE, month, body.template, body.params)
        async with here.database.transaction() as session:
            written = await write_plans(session, command, now=clock.now())
    except (Invalid, Conflict, ValidationError) as wrong:
        return await _page(request, here, caller, month, status=422, content=content, errors=_errors(wrong))
    return see_other(
        request, f"{PAGE}?month={month}", say=f"已为 {len(written)} 个营业厅写好计划，等待审批。"
    )


@router.post("/messaging/plans/approvals")
async def approve_month(
    request: Request, here: Here, caller: Approver, month: Annotated[Month, Form()]
) -> Response:
    async with here.database.transaction() as session:
        approved = await decide_plan.approve_month(
            session, month, caller.area, caller.subject, now=clock.now()
        )
    return see_other(request, f"{PAGE}?month={month}", say=f"已审批 {len(approved)} 份计划。")


@router.post("/messaging/plans/{plan_id}/approval")
async def approve(request: Request, here: Here, caller: Approver, plan_id: UUID) -> Response:
    async with here.database.transaction() as session:
        plan = await decide_plan.approve_plan(session, plan_id, caller.area, caller.subject, now=clock.now())
    return _back(request, plan, "已审批，到日期自动发送。")


@router.post("/messaging/plans/{plan_id}/cancellation")
async def cancel(request: Request, here: Here, caller: Writer, plan_id: UUID) -> Response:
    async with here.database.transaction() as session:
        plan = await decide_plan.cancel_plan(session, plan_id, caller.area)
    return _back(request, plan, "已取消，未轮到的客户不再发送。")


@router.post("/messaging/plans/{plan_id}/words")
async def revise(request: Request, here: Here, caller: Writer, plan_id: UUID) -> Response:
    """Other words for a draft: every variable of its template is a field."""
    form = await request.form()
    async with here.database.transaction() as session:
        plan = await repository.get_plan(session, plan_id, caller.area, lock=True)
        given = {name: str(form.get(name, "")).strip() or plan.params[name] for name in plan.params}
        try:
            body = PlanPatch.model_validate({"params": given})
            await decide_plan.revise_plan(session, RevisePlan(plan, caller.subject, None, body.params))
        except (Invalid, ValidationError) as wrong:
            return see_other(request, f"{PAGE}?month={plan.month}", say=_errors(wrong)[CONTENT], tone="bad")
    return _back(request, plan, "已修改，等待审批。")


@router.get("/messaging/plans/content")
@router.get("/messaging/plans/approvals")
@router.get("/messaging/plans/{plan_id}/{_what}")
async def back_to_plans(request: Request, _caller: Reader) -> Response:
    return see_other(request, PAGE)


async def _page(
    request: Request,
    here: Runtime,
    caller: Caller,
    month: str,
    *,
    cursor: str | None = None,
    status: int = 200,
    content: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    today = clock.business_date(clock.now())
    async with here.database.reading() as session:
        halls = await repository.halls_page(session, caller.area, PageRequest(SHOWN, cursor), None)
        months = await show_month(session, halls.items, month)
        missing = calendar_usecases.missing(await calendar.years(session), today)
        settings = await rules_of(session, month)
    drafts = [p for each in months for p, _ in each.plans if p.status == rules.DRAFT]
    return render(
        request, "plans/plans.html", status=status, month=month, months=months, content=content,
        errors=errors or {}, previous=clock.previous_month(month), following=clock.next_month(month),
        next_url=f"{PAGE}?month={month}&cursor={halls.next_cursor}" if halls.next_cursor else None,
        alarm=alarm_about(missing), waiting=sum(plan.author != caller.subject for plan in drafts),
        over=rules.days_of_month(month)[1] < today, state_names=rules.STATE_NAMES, tones=TONES,
        class_names=CLASS_NAMES, reason_name=reason_name, spoken=spoken, pool=pool_in_words(settings),
    )  # fmt: skip


def spoken(plan: Plan) -> str:
    """The occasion for people: the month, or the festival with its day."""
    if plan.message_class == rules.HOLIDAY:
        day = date.fromisoformat(plan.occasion)
        return f"{plan.params.get('festival', '节日')}（{day.month}月{day.day}日）"
    return f"{int(plan.month[5:])}月服务短信"


def pool_in_words(settings: Mapping[str, Any]) -> str:
    """Whether greetings use the cap of service SMS or have slots of their own."""
    service, holiday = settings[rules.SERVICE], settings[rules.HOLIDAY]
    if service.pool == holiday.pool:
        return f"节日问候与服务短信共用每月 {service.cap} 条的上限。"
    return f"节日问候另有每月 {holiday.cap} 条的上限，不占服务短信的 {service.cap} 条。"


def _back(request: Request, plan: Plan, say: str) -> Response:
    return see_other(request, f"{PAGE}?month={plan.month}", say=say)


def _errors(wrong: Invalid | Conflict | ValidationError) -> dict[str, str]:
    if isinstance(wrong, ValidationError):
        return {CONTENT: field_error(wrong.errors()[0]).detail}
    told = wrong.errors[0].detail if isinstance(wrong, Invalid) and wrong.errors else wrong.message
    return {CONTENT: told}
