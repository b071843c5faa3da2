"""Surveys over HTTP: define, invite, link, record answers, statistics."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.customer.surveys import repository, rules, usecases
from services.customer.surveys.errors import ClerkRequired
from services.customer.surveys.schemas import (
    AnswerCreate,
    InvitationCreate,
    InvitationRead,
    LinkCreate,
    LinkRead,
    StatsRead,
    Status,
    SurveyChange,
    SurveyCode,
    SurveyCreate,
    SurveyRead,
)
from services.customer.surveys.usecases import ChangeSurvey, DefineSurvey, GiveLink, Invite, RecordAnswer
from shared import clock
from shared.errors import FieldError
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["surveys"])

Reader = Annotated[Caller, requires("surveys:read")]
Writer = Annotated[Caller, requires("surveys:write")]
Definer = Annotated[Caller, requires("surveys:define")]
Month = Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


@router.get("/surveys")
async def list_surveys(here: Here, _caller: Reader, page: PageQuery) -> Page[SurveyRead]:
    """The newest version of each."""
    async with here.database.reading() as session:
        found = await repository.surveys_page(session, page)
    return found.map(SurveyRead.of)


@router.post("/surveys", status_code=201, response_model=SurveyRead)
async def define_survey(body: SurveyCreate, once: Once, caller: Definer) -> Response:
    command = DefineSurvey(body.code, body.facts(), author=caller.subject)
    async with once.transaction() as session:
        survey = await usecases.define_survey(session, command, now=clock.now())
        return once.answer(201, SurveyRead.of(survey), etag=survey.version)


@router.get("/surveys/{code}")
async def get_survey(code: SurveyCode, here: Here, _caller: Reader, response: Response) -> SurveyRead:
    async with here.database.reading() as session:
        survey = await repository.get_newest(session, code)
    response.headers["ETag"] = etag(survey.version)
    return SurveyRead.of(survey)


@router.patch("/surveys/{code}")
async def change_survey(
    code: SurveyCode, body: SurveyChange, here: Here, caller: Definer, if_match: IfMatch, response: Response
) -> SurveyRead:
    command = ChangeSurvey(code, body.changes(), author=caller.subject)
    async with here.database.transaction() as session:
        survey = await usecases.change_survey(session, command, unless_stale=if_match.check, now=clock.now())
    response.headers["ETag"] = etag(survey.version)
    return SurveyRead.of(survey)


@router.get("/surveys/{code}/stats")
async def survey_stats(
    code: SurveyCode,
    here: Here,
    caller: Reader,
    by: Literal["clerk", "hall", "county"] = "clerk",
    month: Month | None = None,
) -> StatsRead:
    """Response and scores inside the caller's area, with the number of answers behind each."""
    since, until = clock.month_bounds(month) if month else (None, None)
    async with here.database.reading() as session:
        survey = await repository.get_newest(session, code)
        asked = (session, caller.area, survey.code, rules.SUBJECTS[by])
        rates = await repository.rates(*asked, since=since, until=until)
        means = await repository.means(*asked, since=since, until=until)
    return StatsRead.of(survey.code, rates, means)


@router.post("/surveys/{code}/invitations", status_code=201, response_model=InvitationRead)
async def invite(code: SurveyCode, body: InvitationCreate, once: Once, caller: Writer) -> Response:
    """Ask a customer about a contact that just was; at most once in the survey's days of rest."""
    served_by = clerk_of(caller, body.served_by) if caller.role == "pos" else body.served_by or caller.subject
    command = Invite(caller.area, code, body.customer_id, served_by, body.contact)
    async with once.transaction() as session:
        invitation = await usecases.invite(session, command, now=clock.now())
        return once.answer(201, InvitationRead.of(invitation))


@router.get("/survey-invitations")
async def list_invitations(
    here: Here,
    caller: Reader,
    page: PageQuery,
    status: Status | None = None,
    survey: SurveyCode | None = None,
    customer_id: UUID | None = None,
) -> Page[InvitationRead]:
    """The longest waiting first."""
    async with here.database.reading() as session:
        found = await repository.invitations_page(
            session, caller.area, page, status=status, survey=survey, customer_id=customer_id
        )
        scores = await repository.scores_of(session, *(invitation.id for invitation in found.items))
    return found.map(lambda invitation: InvitationRead.of(invitation, scores[invitation.id]))


@router.get("/survey-invitations/{invitation_id}")
async def get_invitation(invitation_id: UUID, here: Here, caller: Reader) -> InvitationRead:
    async with here.database.reading() as session:
        invitation = await repository.get_invitation(session, invitation_id, caller.area)
        scores = await repository.scores_of(session, invitation.id)
    return InvitationRead.of(invitation, scores[invitation.id])


@router.post("/survey-invitations/{invitation_id}/links", status_code=201)
async def give_link(
    invitation_id: UUID, body: LinkCreate, here: Here, caller: Writer, response: Response
) -> LinkRead:
    """A one-time link for a receipt or a code to scan. No idempotency key: its stored answer would hold the secret."""
    token = rules.new_token()
    by = caller.subject if caller.role == "pos" and body.clerk is None else clerk_of(caller, body.clerk)
    async with here.database.transaction() as session:
        command = GiveLink(caller.area, invitation_id, by, token)
        invitation = await usecases.give_link(session, command, now=clock.now())
    response.headers["Cache-Control"] = "no-store"
    return LinkRead(url=rules.link_to(here.settings.public_url, token), expires_at=invitation.expires_at)


@router.post("/survey-invitations/{invitation_id}/answers", status_code=201, response_model=InvitationRead)
async def record_answer(invitation_id: UUID, body: AnswerCreate, once: Once, caller: Writer) -> Response:
    """What the customer said at the counter or on the telephone. Never recorded by who served."""
    by = clerk_of(caller, body.clerk)
    command = RecordAnswer(caller.area, invitation_id, by, body.channel, body.scores, body.comment)
    async with once.transaction() as session:
        invitation = await usecases.record_answer(session, command, now=clock.now())
        scores = await repository.scores_of(session, invitation.id)
        return once.answer(201, InvitationRead.of(invitation, scores[invitation.id]))


def clerk_of(caller: Caller, clerk: str | None) -> str:
    """A person acts in their own name; a machine says which clerk stands before it."""
    if caller.role != "pos":
        return caller.subject
    if clerk is None:
        raise ClerkRequired(errors=[FieldError("/clerk", ClerkRequired.code, ClerkRequired.detail)])
    return clerk
