"""What is done with surveys: define, invite, link, answer, remind, expire, draw a month's sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive
from services.customer.archive.errors import CustomerNotFound
from services.customer.directory import repository as directory
from services.customer.surveys import repository, rules
from services.customer.surveys.errors import (
    AlreadyInvited,
    AskedTooSoon,
    ServerUnknown,
    SurveyExists,
)
from services.customer.surveys.models import Invitation, Round, Survey
from services.customer.surveys.rules import Served
from shared import clock, outbox
from shared.errors import FieldError, PreconditionFailed, VersionCheck
from shared.events.complaints import ComplaintClosed, TicketEvent
from shared.security.tenancy import Area

CHUNK = 500


@dataclass(frozen=True, slots=True)
class DefineSurvey:
    """A new survey."""

    code: str
    facts: Mapping[str, Any]
    author: str


async def define_survey(session: AsyncSession, command: DefineSurvey, *, now: datetime) -> Survey:
    survey = Survey.first({**command.facts, "code": command.code}, author=command.author, now=now)
    if not await repository.insert_version(session, survey):
        raise SurveyExists(existing_code=command.code)
    return survey


@dataclass(frozen=True, slots=True)
class ChangeSurvey:
    """Other questions or days, or no longer asked. Invitations already made keep their version."""

    code: str
    changes: Mapping[str, Any]
    author: str


async def change_survey(
    session: AsyncSession, command: ChangeSurvey, *, unless_stale: VersionCheck, now: datetime
) -> Survey:
    newest = await repository.get_newest(session, command.code, lock=True)
    unless_stale(newest.version)
    changed = newest.changed(command.changes, author=command.author, now=now)
    if not await repository.insert_version(session, changed):
        raise PreconditionFailed
    return changed


@dataclass(frozen=True, slots=True)
class Invite:
    """Ask a customer about a contact that just was; `served_by` served."""

    area: Area
    survey: str
    customer_id: UUID
    served_by: str
    contact: str | None = None


async def invite(session: AsyncSession, command: Invite, *, now: datetime) -> Invitation:
    """Raises SurveyNotFound, SurveyEnded, CustomerNotFound, ServerUnknown, AskedTooSoon, AlreadyInvited."""
    survey = await repository.get_newest(session, command.survey)
    customer = await archive.get_customer(session, command.customer_id, command.area)
    if customer.status != "active":
        raise CustomerNotFound
    if await directory.clerk_or_none(session, command.served_by, command.area) is None:
        raise ServerUnknown(errors=[FieldError("/served_by", ServerUnknown.code, ServerUnknown.detail)])
    contact = f"{survey.kind}:{command.contact or clock.business_date(now).isoformat()}"
    served = Served(contact, command.served_by, customer.hall, customer.county)
    invitation = survey.invite(customer.id, served, now=now)
    if not await _let_through(session, survey, [customer.id], now):
        raise AskedTooSoon(free_on=await _free_on(session, survey, customer.id))
    if not await repository.insert_invitations(session, [invitation]):
        raise AlreadyInvited
    return invitation


async def invite_after_ticket(session: AsyncSession, closed: ComplaintClosed, *, now: datetime) -> None:
    """A ticket closed without anybody having asked the customer. Whoever was asked lately is left in peace."""
    served_by = closed.handler or closed.clerk
    if closed.customer_id is None or served_by is None or await _asked_otherwise(session, closed):
        return
    for survey in (await repository.active_of_kind(session, "after_ticket"))[:1]:
        contact = rules.ticket_contact(closed.ticket_id, closed.cycle)
        served = Served(contact, served_by, closed.hall, closed.county)
        invitation = survey.invite(closed.customer_id, served, now=now)
        if await _let_through(session, survey, [closed.customer_id], now):
            await repository.insert_invitations(session, [invitation])


async def withdraw_about(session: AsyncSession, event: TicketEvent) -> None:
    """A call-back has put the question, or the ticket is open again."""
    contacts = [rules.ticket_contact(event.ticket_id, cycle) for cycle in range(1, event.cycle + 1)]
    for invitation in await repository.open_about(session, contacts):
        invitation.withdraw()


@dataclass(frozen=True, slots=True)
class GiveLink:
    """A link with which the customer answers alone, once."""

    area: Area
    invitation_id: UUID
    by: str
    token: str


async def give_link(session: AsyncSession, command: GiveLink, *, now: datetime) -> Invitation:
    """Raises RatedByServer, AlreadyAnswered, InvitationOver."""
    invitation = await repository.get_invitation(session, command.invitation_id, command.area, lock=True)
    invitation.link(command.token, command.by, now=now)
    return invitation


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """What the customer said, at the counter or on the telephone, to somebody other than who served."""

    area: Area
    invitation_id: UUID
    by: str
    channel: str
    scores: Mapping[str, int]
    comment: str | None = None


async def record_answer(session: AsyncSession, command: RecordAnswer, *, now: datetime) -> Invitation:
    """Raises RatedByServer, AlreadyAnswered, InvitationOver, AnswersInvalid."""
    invitation = await repository.get_invitation(session, command.invitation_id, command.area, lock=True)
    return await _answer(
        session, invitation, command.scores, channel=command.channel, by=command.by, comment=command.comment, now=now
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnswerByLink:
    """What the customer said on the page behind the link."""

    token: str
    scores: Mapping[str, int]
    comment: str | None = None


async def answer_by_link(session: AsyncSession, command: AnswerByLink, *, now: datetime) -> Invitation:
    """Raises InvitationNotFound for a link that is used up, AnswersInvalid."""
    invitation = await repository.get_linked(session, rules.token_hash(command.token), now, lock=True)
    return await _answer(
        session, invitation, command.scores, channel="link", by=None, comment=command.comment, now=now
    )  # fmt: skip


async def expire_invitations(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk; True when there may be more."""
    return await repository.expire_chunk(session, now, CHUNK) == CHUNK


async def remind_halls(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk; True when there may be more."""
    return await repository.remind_chunk(session, now, CHUNK) == CHUNK


async def draw_round(session: AsyncSession, *, now: datetime) -> bool:
    """Invite one hall's sample for this month's periodic surveys; True when another hall may be waiting."""
    month = clock.month_of(now)
    for survey in await repository.active_of_kind(session, "periodic"):
        hall = await repository.hall_not_drawn(session, survey.code, month)
        if hall is not None:
            await _draw(session, survey, hall, month, now)
            return True
    return False


async def _draw(session: AsyncSession, survey: Survey, hall: str, month: str, now: datetime) -> None:
    before = rules.asked_before(now, survey.rest_days)
    start = rules.draw(month, hall)
    known = now - rules.KNOWN_FOR
    customers = await repository.customers_from(session, hall, start, before, known, survey.per_hall)
    free = await _let_through(session, survey, [customer.id for customer in customers], now)
    invitations = [
        survey.invite(c.id, Served(f"periodic:{month}", c.clerk, c.hall, c.county), now=now)
        for c in customers
        if c.id in free
    ]
    invited = await repository.insert_invitations(session, invitations)
    drawn = Round(survey=survey.code, month=month, hall=hall, invited=invited, drawn_at=now)
    await repository.claim_round(session, drawn)


async def _answer(
    session: AsyncSession, invitation: Invitation, scores: Mapping[str, int], **how: Any
) -> Invitation:
    survey = await repository.get_version(session, invitation.survey, invitation.survey_version)
    answered, rows = invitation.answer(survey.asked, scores, **how)
    await session.flush()
    await repository.add_scores(session, rows)
    outbox.add(session, answered)
    return invitation


async def _let_through(
    session: AsyncSession, survey: Survey, customers: Sequence[UUID], now: datetime
) -> set[UUID]:
    before = rules.asked_before(now, survey.rest_days)
    return await repository.let_through(session, customers, before=before, now=now)


async def _free_on(session: AsyncSession, survey: Survey, customer_id: UUID) -> str:
    last = await repository.last_asked(session, customer_id)
    assert last is not None
    return clock.business_date(last + timedelta(days=survey.rest_days)).isoformat()


async def _asked_otherwise(session: AsyncSession, closed: ComplaintClosed) -> bool:
    """Withdrawn, rated by a call-back, or moved on meanwhile: topics arrive in any order."""
    if closed.score is not None or closed.reason == rules.WITHDRAWN_TICKET or closed.customer_id is None:
        return True
    tickets = await archive.tickets_of(session, closed.customer_id)
    newest = next((ticket for ticket in tickets if ticket.ticket_id == closed.ticket_id), None)
    moved_on = newest is not None and (newest.score is not None or newest.version > closed.version)
    return moved_on or not await repository.is_active(session, closed.customer_id)
