"""Every query of the surveys. Whoever asks with an area sees nothing outside it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.archive.models import Customer
from services.customer.directory.models import Hall
from services.customer.surveys.errors import InvitationNotFound, SurveyNotFound
from services.customer.surveys.models import Invitation, Rest, Round, Score, Survey
from shared.database import insert_new, insert_rows
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

EVERYWHERE = Area.everything()
_RESTS: sa.Table = Rest.__table__  # type: ignore[attr-defined]
TOLD = (
    "id",
    "survey",
    "kind",
    "hall",
    "served_by",
    "status",
    "invited_at",
    "answered_at",
    "channel",
    "comment",
)


async def newest_or_none(session: AsyncSession, code: str, *, lock: bool = False) -> Survey | None:
    query = select(Survey).where(Survey.code == code).order_by(col(Survey.version).desc()).limit(1)
    return (await session.scalars(query.with_for_update() if lock else query)).first()


async def get_newest(session: AsyncSession, code: str, *, lock: bool = False) -> Survey:
    survey = await newest_or_none(session, code, lock=lock)
    if survey is None:
        raise SurveyNotFound
    return survey


async def get_version(session: AsyncSession, code: str, version: int) -> Survey:
    survey = await session.get(Survey, (code, version))
    if survey is None:
        raise SurveyNotFound
    return survey


async def surveys_page(session: AsyncSession, page: PageRequest) -> Page[Survey]:
    """The newest version of each, by code."""
    return await paginate(session, select(Survey).where(_is_newest()), [(col(Survey.code), "asc")], page)


async def active_of_kind(session: AsyncSession, kind: str) -> Sequence[Survey]:
    query = select(Survey).where(_is_newest(), Survey.kind == kind, col(Survey.active))
    return (await session.scalars(query.order_by(col(Survey.code)))).all()


async def insert_version(session: AsyncSession, survey: Survey) -> bool:
    """Whether it went in: of two at the same moment one does."""
    return bool(await insert_new(session, Survey, [survey], key=["code", "version"]))


async def let_through(
    session: AsyncSession, customers: Iterable[UUID], *, before: datetime, now: datetime
) -> set[UUID]:
    """Of these customers, those last asked at or before `before`: from now on they rest.

    The row's key decides, so that of any number of askers at the same moment one is let through.
    """
    rows = [{"customer_id": customer_id, "invited_at": now} for customer_id in customers]
    if not rows:
        return set()
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_RESTS)
    statement = statement.on_conflict_do_update(
        index_elements=["customer_id"],
        set_={"invited_at": statement.excluded.invited_at},
        where=_RESTS.c.invited_at <= before,
    )
    return set((await session.execute(statement.returning(_RESTS.c.customer_id), rows)).scalars())


async def is_active(session: AsyncSession, customer_id: UUID) -> bool:
    query = sa.select(sa.exists().where(col(Customer.id) == customer_id, col(Customer.status) == "active"))
    return bool((await session.scalars(query)).one())


async def last_asked(session: AsyncSession, customer_id: UUID) -> datetime | None:
    rest = await session.get(Rest, customer_id)
    return rest.invited_at if rest else None


async def insert_invitations(session: AsyncSession, invitations: Sequence[Invitation]) -> int:
    """How many went in: a contact has one invitation of a survey."""
    return len(await insert_new(session, Invitation, invitations, key=["survey", "customer_id", "contact"]))


async def get_invitation(
    session: AsyncSession, invitation_id: UUID, area: Area = EVERYWHERE, *, lock: bool = False
) -> Invitation:
    query = select(Invitation).where(Invitation.id == invitation_id, _visible_from(area))
    found = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise InvitationNotFound
    return found


async def get_linked(
    session: AsyncSession, token_hash: str, now: datetime, *, lock: bool = False
) -> Invitation:
    """The open invitation behind a link; a used, replaced or ended link finds nothing."""
    query = select(Invitation).where(
        Invitation.token_hash == token_hash, Invitation.status == "open", col(Invitation.expires_at) > now
    )
    found = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise InvitationNotFound
    return found


async def invitations_page(
    session: AsyncSession, area: Area, page: PageRequest, *, status: str | None = None,
    survey: str | None = None, customer_id: UUID | None = None,
) -> Page[Invitation]:  # fmt: skip
    """The longest waiting first."""
    query = select(Invitation).where(_visible_from(area))
    for column, value in (
        (col(Invitation.status), status), (col(Invitation.survey), survey), (col(Invitation.customer_id), customer_id),
    ):  # fmt: skip
        query = query if value is None else query.where(column == value)
    return await paginate(session, query, [(col(Invitation.id), "asc")], page)


async def open_about(session: AsyncSession, contacts: Iterable[str]) -> Sequence[Invitation]:
    """Open invitations about one of these contacts, locked."""
    query = select(Invitation).where(col(Invitation.contact).in_(list(contacts)), Invitation.status == "open")
    return (await session.scalars(query.with_for_update())).all()


async def scores_of(session: AsyncSession, *invitations: UUID) -> dict[UUID, list[Score]]:
    query = select(Score).where(col(Score.invitation_id).in_(invitations)).order_by(col(Score.question))
    grouped: dict[UUID, list[Score]] = {invitation_id: [] for invitation_id in invitations}
    for score in await session.scalars(query):
        grouped[score.invitation_id].append(score)
    return grouped


async def add_scores(session: AsyncSession, scores: Sequence[Score]) -> None:
    await insert_rows(session, Score, scores)


async def expire_chunk(session: AsyncSession, now: datetime, limit: int) -> int:
    """End up to `limit` invitations whose time is over, and their links."""
    over = sa.and_(col(Invitation.status) == "open", col(Invitation.expires_at) <= now)
    return await _update_chunk(session, over, limit, status="expired", token_hash=None)


async def remind_chunk(session: AsyncSession, now: datetime, limit: int) -> int:
    """Put up to `limit` invitations on the hall's list of calls, each once."""
    due = sa.and_(
        col(Invitation.status) == "open", col(Invitation.remind_at) <= now, col(Invitation.reminded_at).is_(None)
    )  # fmt: skip
    return await _update_chunk(session, due, limit, reminded_at=now)


async def hall_not_drawn(session: AsyncSession, survey: str, month: str) -> str | None:
    """The first hall whose customers have not been drawn for that month yet."""
    drawn = sa.select(col(Round.hall)).where(col(Round.survey) == survey, col(Round.month) == month)
    query = sa.select(col(Hall.code)).where(col(Hall.code).not_in(drawn)).order_by(col(Hall.code)).limit(1)
    found: str | None = (await session.scalars(query)).first()
    return found


async def claim_round(session: AsyncSession, drawn: Round) -> None:
    await insert_rows(session, Round, [drawn])


async def customers_from(
    session: AsyncSession, hall: str, start: str, asked_before: datetime, known_since: datetime, limit: int
) -> list[Customer]:
    """Active customers of a hall who may be asked, in the order of their keyed index from `start` on, then round.

    Whoever was archived after `known_since` has no service to look back on yet.
    """
    resting = sa.select(col(Rest.customer_id)).where(col(Rest.invited_at) > asked_before)
    base = select(Customer).where(
        Customer.hall == hall,
        Customer.status == "active",
        col(Customer.archived_at) <= known_since,
        col(Customer.id).not_in(resting),
    )
    index = col(Customer.phone_index)
    behind = (await session.scalars(base.where(index >= start).order_by(index).limit(limit))).all()
    rest = limit - len(behind)
    if rest == 0:
        return list(behind)
    before = (await session.scalars(base.where(index < start).order_by(index).limit(rest))).all()
    return [*behind, *before]


async def rates(
    session: AsyncSession, area: Area, survey: str, by: str, *, since: datetime | None, until: datetime | None
) -> Sequence[Any]:
    """Invited and answered of a survey, by what `by` names, for invitations made in the span."""
    group = col(getattr(Invitation, by))
    answered = sa.func.count(sa.case((col(Invitation.status) == "answered", 1)))
    columns: tuple[Any, ...] = (
        group.label("subject"),
        sa.func.count().label("invited"),
        answered.label("answered"),
    )
    query = sa.select(*columns)
    query = query.where(*_counted(area, survey, since, until)).group_by(group).order_by(group)
    return (await session.execute(query)).all()


async def means(
    session: AsyncSession, area: Area, survey: str, by: str, *, since: datetime | None, until: datetime | None
) -> Sequence[Any]:
    """Answers to each question and their sums, by what `by` names."""
    group, question = col(getattr(Invitation, by)), col(Score.question)
    total, most = sa.func.sum(col(Score.score)), sa.func.sum(col(Score.out_of))
    columns: tuple[Any, ...] = (
        group.label("subject"),
        question,
        sa.func.count().label("n"),
        total.label("total"),
        most.label("most"),
    )
    query = sa.select(*columns).join(Invitation, col(Invitation.id) == col(Score.invitation_id))
    query = query.where(*_counted(area, survey, since, until)).group_by(group, question)
    return (await session.execute(query.order_by(group, question))).all()


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Scores stay where they count; whose they were and what was said in words is gone, links end."""
    mine = col(Invitation.customer_id).in_(ids)
    ended = sa.case((col(Invitation.status) == "open", "withdrawn"), else_=col(Invitation.status))
    gone = sa.update(Invitation).where(mine)
    await session.execute(gone.values(customer_id=None, comment=None, token_hash=None, status=ended))
    await session.execute(sa.delete(Rest).where(col(Rest.customer_id).in_(ids)))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    query = select(Invitation).where(Invitation.customer_id == customer_id).order_by(col(Invitation.id))
    invitations = (await session.scalars(query)).all()
    scores = await scores_of(session, *(invitation.id for invitation in invitations))
    return {
        "surveys": [
            {
                **{name: getattr(invitation, name) for name in TOLD},
                "scores": {s.question: s.score for s in scores[invitation.id]},
            }
            for invitation in invitations
        ]
    }


async def _update_chunk(
    session: AsyncSession, wanted: sa.ColumnElement[bool], limit: int, **values: Any
) -> int:
    chunk = sa.select(col(Invitation.id)).where(wanted).order_by(col(Invitation.id)).limit(limit)
    result: Any = await session.execute(
        sa.update(Invitation).where(col(Invitation.id).in_(chunk), wanted).values(**values)
    )
    return int(result.rowcount)


def _is_newest() -> sa.ColumnElement[bool]:
    other = sa.orm.aliased(Survey)
    newest = sa.select(sa.func.max(other.version)).where(other.code == Survey.code)  # type: ignore[arg-type]
    return col(Survey.version) == newest.scalar_subquery()


def _counted(
    area: Area, survey: str, since: datetime | None, until: datetime | None
) -> list[sa.ColumnElement[bool]]:
    """Withdrawn ones were not asked after all."""
    wanted = [_visible_from(area), col(Invitation.survey) == survey, col(Invitation.status) != "withdrawn"]
    if since is not None:
        wanted.append(col(Invitation.invited_at) >= since)
    if until is not None:
        wanted.append(col(Invitation.invited_at) < until)
    return wanted


def _visible_from(area: Area) -> sa.ColumnElement[bool]:
    return area.clause(col(Invitation.hall), col(Invitation.county))
