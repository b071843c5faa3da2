"""Where an answer is taken down by another than who served, where a customer answers alone, and what came of it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from services.customer.archive import repository as archive
from services.customer.directory import repository as directory
from services.customer.surveys import repository, rules, usecases
from services.customer.surveys.errors import AnswersInvalid, InvitationNotFound, RatedByServer, SurveyExists
from services.customer.surveys.models import Invitation, Survey
from services.customer.surveys.schemas import AnswerCreate, StatsRead, SurveyChange, SurveyCreate
from services.customer.surveys.usecases import (
    AnswerByLink,
    ChangeSurvey,
    DefineSurvey,
    GiveLink,
    Invite,
    RecordAnswer,
)
from shared import clock
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security import csrf
from shared.security.authentication import caller_or_none
from shared.security.tenancy import Area, Caller
from shared.web.dependencies import Here, requires
from shared.web.etags import ExpectedVersion, etag
from shared.web.forms import findings, month_span, typed
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("surveys:read")]
Writer = Annotated[Caller, requires("surveys:write")]
Definer = Annotated[Caller, requires("surveys:define")]
Words = Annotated[str, Query(max_length=60)]
COUNTER, DESK, QUESTIONNAIRES, LISTED = (
    "counter",
    "/customer/surveys",
    "/customer/surveys/questionnaires",
    100,
)
NAMES: dict[str, Any] = {"kinds": rules.KINDS, "statuses": rules.STATUSES, "channels": rules.CHANNELS}
TONES = {"open": "warn", "answered": "good", "expired": "plain", "withdrawn": "plain"}
UNLISTED = {"x-robots-tag": "noindex"}


@router.get("/customer/surveys")
async def desk(request: Request, here: Here, caller: Reader) -> Response:
    """Who is still to be asked, those to be called first."""
    async with here.database.reading() as session:
        found = await repository.invitations_page(
            session, caller.area, PageRequest(limit=LISTED), status="open"
        )
        names = await directory.clerk_names(session, {i.served_by for i in found.items})
        halls = await directory.hall_names(session, {i.hall for i in found.items})
    waiting = sorted(found.items, key=lambda invitation: invitation.reminded_at is None)
    return render(
        request, "surveys/desk.html", invitations=waiting, more=found.next_cursor is not None, names=names,
        halls=halls, **NAMES,
    )  # fmt: skip


@router.get("/customer/surveys/stats")
async def stats(
    request: Request,
    here: Here,
    caller: Reader,
    survey: Words = COUNTER,
    month: Words = "",
    by: Words = "clerk",
) -> Response:
    since, until = month_span(month)
    async with here.database.reading() as session:
        surveys = (await repository.surveys_page(session, PageRequest(limit=LISTED))).items
        chosen = next((s for s in surveys if s.code == survey), surveys[0] if surveys else None)
        asked = (session, caller.area, chosen.code if chosen else "", rules.SUBJECTS.get(by, "served_by"))
        rates = await repository.rates(*asked, since=since, until=until)
        means = await repository.means(*asked, since=since, until=until)
        names = await _names(session, by, [rate.subject for rate in rates])
    rows = StatsRead.of(asked[2], rates, means).items
    return render(
        request,
        "surveys/stats.html",
        surveys=surveys,
        chosen=chosen,
        month=month,
        by=by,
        rows=rows,
        names=names,
    )


@router.get("/customer/surveys/questionnaires")
async def questionnaires(request: Request, here: Here, caller: Definer) -> Response:
    async with here.database.reading() as session:
        found = await repository.surveys_page(session, PageRequest(limit=LISTED))
    return render(request, "surveys/questionnaires.html", surveys=found.items, **NAMES)


@router.get("/customer/surveys/questionnaires/new")
async def new_questionnaire(request: Request, _caller: Definer) -> Response:
    return _questionnaire(request, None, {"valid_days": 7, "rest_days": 30, "per_hall": 0})


@router.post("/customer/surveys/questionnaires")
async def define_survey(request: Request, here: Here, caller: Definer) -> Response:
    form = await request.form()
    try:
        body = SurveyCreate.model_validate(_definition_of(form, "code", "kind"))
        async with here.database.transaction() as session:
            command = DefineSurvey(body.code, body.facts(), author=caller.subject)
            await usecases.define_survey(session, command, now=clock.now())
    except (SurveyExists, ValidationError) as wrong:
        return _questionnaire(request, None, typed(form), _errors_of(wrong), status=422)
    return see_other(request, QUESTIONNAIRES, say="已新建问卷。")


@router.get("/customer/surveys/questionnaires/{code}")
async def questionnaire(request: Request, here: Here, caller: Definer, code: str) -> Response:
    async with here.database.reading() as session:
        survey = await repository.get_newest(session, code)
    return _questionnaire(request, survey, {**survey.model_dump(), "questions": _as_lines(survey)})


@router.post("/customer/surveys/questionnaires/{code}")
async def change_survey(request: Request, here: Here, caller: Definer, code: str) -> Response:
    """A new version; whoever was invited before answers what was asked then."""
    form = await request.form()
    try:
        given = {"remind_after_days": None, **_definition_of(form), "active": "active" in form}
        command = ChangeSurvey(code, SurveyChange.model_validate(given).changes(), author=caller.subject)
        seen = ExpectedVersion(frozenset({etag(str(form.get("version", "")))}))
        async with here.database.transaction() as session:
            await usecases.change_survey(session, command, unless_stale=seen.check, now=clock.now())
    except ValidationError as wrong:
        async with here.database.reading() as session:
            survey = await repository.get_newest(session, code)
        return _questionnaire(request, survey, typed(form), _errors_of(wrong), status=422)
    return see_other(request, QUESTIONNAIRES, say="已保存，从下一次邀请起按新的问卷。")


@router.get("/customer/customers/{customer_id}/surveys")
async def of_customer(request: Request, here: Here, caller: Reader, customer_id: UUID) -> Response:
    """What the customer was asked and said; a panel of the card."""
    async with here.database.reading() as session:
        await archive.get_customer(session, customer_id, caller.area)
        page = PageRequest(limit=LISTED)
        found = await repository.invitations_page(session, caller.area, page, customer_id=customer_id)
        scores = await repository.scores_of(session, *(invitation.id for invitation in found.items))
        names = await directory.clerk_names(session, {i.served_by for i in found.items})
    part = wants_part(request)
    return render(
        request, "surveys/part.html" if part else "surveys/customer.html", customer_id=customer_id,
        invitations=list(reversed(found.items)), scores=scores, names=names, tones=TONES, **NAMES,
    )  # fmt: skip


@router.post("/customer/customers/{customer_id}/surveys")
async def invite(request: Request, here: Here, caller: Writer, customer_id: UUID) -> Response:
    """The clerk has served; somebody else asks."""
    command = Invite(caller.area, COUNTER, customer_id, caller.subject)
    async with here.database.transaction() as session:
        await usecases.invite(session, command, now=clock.now())
    back = f"/customer/customers/{customer_id}"
    return see_other(request, back, say="已请客户评价，请另一位同事在“满意度”里记录。")


@router.get("/customer/surveys/{invitation_id}")
async def answer_page(request: Request, here: Here, caller: Reader, invitation_id: UUID) -> Response:
    return await _answer_page(request, here, caller, invitation_id)


@router.post("/customer/surveys/{invitation_id}")
async def record_answer(request: Request, here: Here, caller: Writer, invitation_id: UUID) -> Response:
    form = await request.form()
    try:
        body = AnswerCreate.model_validate(_answer_of(form) | {"channel": form.get("channel", "counter")})
        command = RecordAnswer(
            caller.area, invitation_id, caller.subject, body.channel, body.scores, body.comment
        )
        async with here.database.transaction() as session:
            await usecases.record_answer(session, command, now=clock.now())
    except (AnswersInvalid, ValidationError) as wrong:
        return await _answer_page(
            request, here, caller, invitation_id, status=422, filled=typed(form), errors=_errors_of(wrong)
        )
    return see_other(request, DESK, say="已记录客户的评价。")


@router.get("/customer/surveys/{invitation_id}/links")
async def back_to_answer(request: Request, _caller: Reader, invitation_id: UUID) -> Response:
    return see_other(request, f"{DESK}/{invitation_id}")


@router.post("/customer/surveys/{invitation_id}/links")
async def give_link(request: Request, here: Here, caller: Writer, invitation_id: UUID) -> Response:
    """The link on this one answer."""
    token = rules.new_token()
    async with here.database.transaction() as session:
        command = GiveLink(caller.area, invitation_id, caller.subject, token)
        await usecases.give_link(session, command, now=clock.now())
    return await _answer_page(
        request, here, caller, invitation_id, link=rules.link_to(here.settings.public_url, token)
    )


async def _own_form(request: Request) -> None:
    """Posted from our page, by a guest or by somebody signed in, whose session then is the proof."""
    if await caller_or_none(request) is None:
        await csrf.visitor(request)


@router.get("/customer/survey/{token}")
async def link_page(request: Request, here: Here, token: str) -> Response:
    return await _link_page(request, here, token)


@router.post("/customer/survey/{token}", dependencies=[Depends(_own_form)])
async def answer_by_link(request: Request, here: Here, token: str) -> Response:
    """The customer's own answer; afterwards the link leads nowhere."""
    form = await request.form()
    try:
        body = AnswerCreate.model_validate(_answer_of(form))
        await _refuse_server(request, here, token)
        async with here.database.transaction() as session:
            command = AnswerByLink(token, body.scores, body.comment)
            await usecases.answer_by_link(session, command, now=clock.now())
    except (AnswersInvalid, ValidationError) as wrong:
        return await _link_page(
            request, here, token, status=422, filled=typed(form), errors=_errors_of(wrong)
        )
    return render(request, "surveys/thanks.html", headers=UNLISTED)


async def _link_page(
    request: Request, here: Runtime, token: str, *, status: int = 200, **values: Any
) -> Response:
    try:
        await _refuse_server(request, here, token)
        async with here.database.reading() as session:
            invitation = await repository.get_linked(session, rules.token_hash(token), clock.now())
            survey = await repository.get_version(session, invitation.survey, invitation.survey_version)
            hall = await directory.get_hall(session, invitation.hall)
    except InvitationNotFound:
        return render(request, "surveys/over.html", status=404, headers=UNLISTED)
    usual: dict[str, Any] = {"filled": {}, "errors": {}}
    return render(
        request, "surveys/link.html", status=status, headers=UNLISTED, survey=survey, invitation=invitation,
        hall=hall, **{**usual, **values},
    )  # fmt: skip


async def _refuse_server(request: Request, here: Runtime, token: str) -> None:
    """Who served and is signed in in this browser does not answer for the customer."""
    caller = await caller_or_none(request)
    if caller is None:
        return
    async with here.database.reading() as session:
        invitation = await repository.get_linked(session, rules.token_hash(token), clock.now())
    if invitation.served_by == caller.subject:
        raise RatedByServer


async def _answer_page(
    request: Request, here: Runtime, caller: Caller, invitation_id: UUID, *, status: int = 200, **values: Any
) -> Response:
    async with here.database.reading() as session:
        invitation = await repository.get_invitation(session, invitation_id, caller.area)
        survey = await repository.get_version(session, invitation.survey, invitation.survey_version)
        customer = await archive.customer_or_none(session, invitation.customer_id, caller.area)
        scores = await repository.scores_of(session, invitation.id)
        names = await directory.clerk_names(session, {invitation.served_by, invitation.recorded_by or ""})
    usual: dict[str, Any] = {"filled": {}, "errors": {}, "link": None}
    return render(
        request, "surveys/answer.html", status=status, invitation=invitation, survey=survey, customer=customer,
        scores={s.question: s for s in scores[invitation.id]}, may_answer=_may_answer(invitation, caller),
        names=names, tones=TONES, **NAMES, **{**usual, **values},
    )  # fmt: skip


def _questionnaire(
    request: Request,
    survey: Survey | None,
    filled: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    blank = {"filled": defaultdict(str, filled), "errors": defaultdict(str, errors or {})}
    return render(request, "surveys/questionnaire.html", status=status, survey=survey, **blank, **NAMES)


def _definition_of(form: FormData, *more: str) -> dict[str, Any]:
    """The form as the API's own body; a question a line: code, text and, if not five, the best score."""
    names = (*more, "title", "introduction", "valid_days", "rest_days", "remind_after_days", "per_hall")
    given: dict[str, Any] = {
        name: str(form[name]).strip() for name in names if str(form.get(name, "")).strip()
    }
    lines = [line for line in str(form.get("questions", "")).splitlines() if line.strip()]
    cells = [[cell.strip() for cell in line.replace("｜", "|").split("|")] for line in lines]
    return {**given, "questions": [dict(zip(("code", "text", "out_of"), row, strict=False)) for row in cells]}


def _as_lines(survey: Survey) -> str:
    return "\n".join(f"{q.code} | {q.text} | {q.out_of}" for q in survey.asked)


def _may_answer(invitation: Invitation, caller: Caller) -> bool:
    asked = invitation.status == "open" and clock.now() < invitation.expires_at
    return asked and caller.may("surveys:write") and invitation.served_by != caller.subject


def _answer_of(form: FormData) -> dict[str, Any]:
    """Radio buttons named `score-…` and a comment, as the API's own body."""
    scores = {name.removeprefix("score-"): value for name, value in form.items() if name.startswith("score-")}
    comment = str(form.get("comment", "")).strip()
    return {"scores": scores, **({"comment": comment} if comment else {})}


def _errors_of(wrong: AnswersInvalid | SurveyExists | ValidationError) -> dict[str, str]:
    """By question, or by the form's field; what is wrong with a definition's questions stands below all of them."""
    if isinstance(wrong, SurveyExists):
        return {"code": wrong.message}
    found = findings(wrong)
    pointers = {error.pointer.strip("/").removeprefix("scores/"): error.detail for error in found}
    return {name.partition("/")[0]: detail for name, detail in pointers.items()}


async def _names(session: AsyncSession, by: str, subjects: list[str]) -> dict[str, str]:
    """What people call those who served, their halls and counties."""
    if by == "hall":
        return await directory.hall_names(session, subjects)
    if by == "county":
        found = await directory.counties_page(session, Area.everything(), PageRequest(limit=200))
        return {county.code: county.name for county in found.items}
    return await directory.clerk_names(session, subjects)
