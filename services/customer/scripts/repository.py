"""Every query of the scripts: the one to use now, the search, the library, and how often each was used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.scripts import rules
from services.customer.scripts.errors import ScriptNotFound
from services.customer.scripts.models import Script, ScriptTerm, ScriptUse
from shared import clock
from shared.database import insert_new, insert_rows
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

PER_MATCH = 1000
PERSON = ("id", "script_id", "script_version", "at", "clerk", "outcome")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of scripts is narrowed to. `state` "in_use": approved and valid on `day`."""

    day: date
    audience: str | None = None
    moment: str | None = None
    category: str | None = None
    state: str = "in_use"


async def script_for(session: AsyncSession, *, audience: str, moment: str) -> Script | None:
    """The script to use now: one for exactly this audience before one for all, the newest approved of them."""
    exact = sa.case((col(Script.audience) == audience, 0), else_=1)
    query = select(Script).where(
        _in_use(clock.business_date(clock.now())), Script.moment == moment, _for_audience(audience)
    )
    newest = (col(Script.approved_at).desc(), col(Script.id).desc(), col(Script.version).desc())
    return (await session.scalars(query.order_by(exact, *newest).limit(1))).first()


async def get_version(session: AsyncSession, script_id: UUID, version: int) -> Script:
    script = await session.get(Script, (script_id, version))
    if script is None:
        raise ScriptNotFound
    return script


async def versions_of(session: AsyncSession, script_id: UUID, *, lock: bool = False) -> Sequence[Script]:
    """Newest first, at least one; with `lock` nobody else changes any of them until the transaction ends."""
    query = select(Script).where(Script.id == script_id).order_by(col(Script.version).desc())
    found = (await session.scalars(query.with_for_update() if lock else query)).all()
    if not found:
        raise ScriptNotFound
    return found


async def titles(session: AsyncSession, script_ids: Iterable[UUID]) -> dict[str, str]:
    """What each of these scripts is called, in its newest version."""
    query = sa.select(col(Script.id), col(Script.title)).where(col(Script.id).in_(list(script_ids)))
    return {str(row[0]): row[1] for row in await session.execute(query.order_by(col(Script.version)))}


async def insert_version(session: AsyncSession, script: Script) -> bool:
    """Whether it went in: of two who write a next version at the same moment one does."""
    if not await insert_new(session, Script, [script], key=["id", "version"]):
        return False
    await insert_rows(session, ScriptTerm, script.terms())
    return True


async def index_again(session: AsyncSession, script: Script) -> None:
    mine = sa.and_(col(ScriptTerm.script_id) == script.id, col(ScriptTerm.script_version) == script.version)
    await session.execute(sa.delete(ScriptTerm).where(mine))
    await insert_rows(session, ScriptTerm, script.terms())


async def scripts_page(session: AsyncSession, filters: Filters, page: PageRequest) -> Page[Script]:
    """Newest first."""
    order: Any = [(col(Script.id), "desc"), (col(Script.version), "desc")]
    return await paginate(session, select(Script).where(*_narrowed_to(filters)), order, page)


async def scripts_about(
    session: AsyncSession, query: str, filters: Filters, page: PageRequest
) -> Page[Script]:
    """Best first: what holds most of the words asked for, then where they count most."""
    asked = rules.terms_asked(query)
    if not asked:
        return Page(items=[])
    hits = _hits(asked)
    found = select(Script).join(
        hits, sa.and_(hits.c.script_id == col(Script.id), hits.c.script_version == col(Script.version))
    )
    order: Any = [(hits.c.score, "desc"), (col(Script.id), "desc"), (col(Script.version), "desc")]
    return await paginate(session, found.where(*_narrowed_to(filters)), order, page)


async def add_use(session: AsyncSession, use: ScriptUse) -> None:
    await insert_rows(session, ScriptUse, [use])


async def uses_by(
    session: AsyncSession, area: Area, by: str, *, since: datetime | None, until: datetime | None, limit: int
) -> Sequence[Any]:
    """How often the versions in use were used, most first; by script version, or by clerk as well."""
    uses, scripts = col(ScriptUse.id), (col(Script.id), col(Script.version))
    counted = sa.and_(
        col(ScriptUse.script_id) == scripts[0], col(ScriptUse.script_version) == scripts[1],
        area.clause(col(ScriptUse.hall), col(ScriptUse.county)), *_between(since, until),
    )  # fmt: skip
    clerk = [col(ScriptUse.clerk)] if by == "clerk" else []
    columns = (*scripts, *(col(getattr(Script, n)) for n in ("title", "audience", "moment", "state")), *clerk)
    number = sa.func.count(uses)
    query = (
        sa.select(*columns, number.label("uses"), _counted("accepted"), _counted("declined"))
        .join(ScriptUse, counted, isouter=by != "clerk")
        .where(col(Script.state) != "draft", sa.or_(col(Script.state) == "approved", uses.is_not(None)))
        .group_by(*columns)
        .order_by(number.desc(), *columns)
        .limit(limit)
    )
    return (await session.execute(query)).all()


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Uses stay as counts; whose they were is gone."""
    gone = sa.update(ScriptUse).where(col(ScriptUse.customer_id).in_(ids))
    await session.execute(gone.values(customer_id=None))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    query = select(ScriptUse).where(ScriptUse.customer_id == customer_id).order_by(col(ScriptUse.id))
    uses = (await session.scalars(query)).all()
    return {"script_uses": [{name: getattr(use, name) for name in PERSON} for use in uses]}


def _hits(asked: Iterable[str]) -> sa.Subquery:
    terms = list(asked)
    matched, weight = sa.func.count(), sa.func.sum(col(ScriptTerm.weight))
    score = sa.cast(matched * PER_MATCH + weight, sa.Integer).label("score")
    query = sa.select(col(ScriptTerm.script_id), col(ScriptTerm.script_version), score)
    return (
        query.where(col(ScriptTerm.term).in_(terms))
        .group_by(col(ScriptTerm.script_id), col(ScriptTerm.script_version))
        .having(matched >= rules.matches_needed(len(terms)))
        .subquery("hits")
    )


def _narrowed_to(filters: Filters) -> list[sa.ColumnElement[bool]]:
    wanted = [
        column == value
        for column, value in ((col(Script.moment), filters.moment), (col(Script.category), filters.category))
        if value is not None
    ]
    if filters.audience is not None:
        wanted.append(_for_audience(filters.audience))
    if filters.state == "in_use":
        wanted.append(_in_use(filters.day))
    elif filters.state != "any":
        wanted.append(col(Script.state) == filters.state)
    return wanted


def _for_audience(audience: str) -> sa.ColumnElement[bool]:
    return col(Script.audience).in_([audience, "all"])


def _in_use(day: date) -> sa.ColumnElement[bool]:
    still = sa.or_(col(Script.valid_to).is_(None), col(Script.valid_to) >= day)
    return sa.and_(col(Script.state) == "approved", col(Script.valid_from) <= day, still)


def _between(since: datetime | None, until: datetime | None) -> list[sa.ColumnElement[bool]]:
    return [
        *([col(ScriptUse.at) >= since] if since is not None else []),
        *([col(ScriptUse.at) < until] if until is not None else []),
    ]


def _counted(outcome: str) -> Any:
    return sa.func.count(sa.case((col(ScriptUse.outcome) == outcome, 1))).label(outcome)
