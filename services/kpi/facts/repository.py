"""All queries of the fact table. What counts and what does not is decided in one place, for sums and for explanations."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.kpi import commit_order
from services.kpi.commit_order import Position
from services.kpi.facts.models import Fact
from services.kpi.facts.rules import counting
from services.kpi.facts.rules.counting import Place, Selection, Sums
from shared.database import upsert
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


async def append(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add the facts that are not there yet; what was told before, by this event or another, changes nothing."""
    await upsert(session, Fact, rows, key=["key", "kind"], update=[])


async def settled(session: AsyncSession) -> Position:
    return await commit_order.settled(session, Fact)


async def sums_of_all(
    session: AsyncSession, kinds: Iterable[str], months: Sequence[str], until: Position
) -> dict[str, dict[Place, Sums]]:
    """Sums of every fact of these kinds in the months, by kind and place: one pass for all simple indicators."""
    statement = sa.select(Fact.kind, *_summed(Fact)).where(
        col(Fact.kind).in_(set(kinds)), col(Fact.month).in_(months), commit_order.before(Fact, until)
    )
    found: dict[str, dict[Place, Sums]] = {}
    for kind, *row in await session.execute(statement.group_by(Fact.kind, Fact.county, Fact.hall, Fact.clerk)):
        place, sums = _placed(row)
        found.setdefault(kind, {})[place] = sums
    return found


async def sums_of(
    session: AsyncSession, selection: Selection, months: Sequence[str], until: Position
) -> dict[Place, Sums]:
    """Sums of the facts that the selection counts, by place."""
    facts = classified(selection, months, until).subquery()
    statement = sa.select(*_summed(facts.c)).where(facts.c.excluded.is_(None))
    rows = await session.execute(statement.group_by(facts.c.county, facts.c.hall, facts.c.clerk))
    return dict(_placed(row) for row in rows)


def classified(selection: Selection, months: Sequence[str], until: Position) -> sa.Select[Any]:
    """The facts a selection looks at, each with the reason why it is `excluded`, or null when it counts."""
    rows = sa.select(Fact, _verdict(selection).label("excluded")).where(
        Fact.kind == selection.kind, commit_order.before(Fact, until), _looked_at(selection, months, until)
    )
    if selection.count not in {"first", "latest"} or selection.window == "to_date":
        return rows
    ranked = rows.subquery()
    return sa.select(ranked).where(ranked.c.month.in_(months))


async def counted_page(
    session: AsyncSession,
    selection: Selection,
    months: Sequence[str],
    until: Position,
    where: Mapping[str, str],
    page: PageRequest,
    *,
    excluded: bool,
) -> Page[Any]:
    """The facts behind one figure, or those that were looked at and left out, in the order they were recorded."""
    facts = classified(selection, months, until).subquery()
    verdict = facts.c.excluded.is_not(None) if excluded else facts.c.excluded.is_(None)
    statement = sa.select(*facts.c).where(verdict, *(facts.c[name] == value for name, value in where.items()))
    return await paginate(session, statement, [(facts.c.seq, "asc")], page)


async def late_page(
    session: AsyncSession,
    selection: Selection,
    months: Sequence[str],
    until: Position,
    where: Mapping[str, str],
    page: PageRequest,
) -> Page[Any]:
    """Facts of these months that a run with this watermark could not know."""
    statement = sa.select(*Fact.__table__.c, sa.literal(counting.AFTER_THE_RUN).label("excluded")).where(  # type: ignore[attr-defined]
        Fact.kind == selection.kind, col(Fact.month).in_(months), sa.not_(commit_order.before(Fact, until))
    )
    statement = statement.where(*(getattr(Fact, name) == value for name, value in where.items()))
    return await paginate(session, statement, [(col(Fact.seq), "asc")], page)


async def anything_new(session: AsyncSession, last_month: str, since: Position, until: Position) -> bool:
    """Whether a fact up to that month became known between the two positions."""
    new = sa.and_(sa.not_(commit_order.before(Fact, since)), commit_order.before(Fact, until))
    found = sa.select(Fact.seq).where(new, Fact.month <= last_month).limit(1)
    return (await session.scalar(found)) is not None


async def feed(
    session: AsyncSession, area: Area, after: Position, until: Position, limit: int
) -> Sequence[Fact]:
    """Settled facts behind the position, in commit order."""
    statement = (
        sa.select(Fact)
        .where(commit_order.after(Fact, after), commit_order.before(Fact, until))
        .where(area.clause(col(Fact.hall), col(Fact.county)))
        .order_by(*commit_order.in_order(Fact))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def halls_named(session: AsyncSession) -> list[str]:
    """Every hall code that a fact names."""
    return list((await session.scalars(sa.select(Fact.hall).where(Fact.hall != "").distinct())).all())


async def subjects_beyond(
    session: AsyncSession, kind: str, allowance: int, limit: int
) -> list[tuple[str, str, int]]:
    """(month, subject, how often) where the facts of a kind exceed the allowance a month."""
    total = sa.func.sum(Fact.numerator)
    statement = (
        sa.select(Fact.month, Fact.subject, total)
        .where(Fact.kind == kind)
        .group_by(Fact.month, Fact.subject)
        .having(total > allowance)
        .order_by(Fact.month, Fact.subject)
        .limit(limit)
    )
    return [(month, subject, int(count)) for month, subject, count in await session.execute(statement)]


def _looked_at(selection: Selection, months: Sequence[str], until: Position) -> sa.ColumnElement[bool]:
    """`first` and `latest` look back for the same subjects' earlier facts; the rest only at the months."""
    in_months, up_to_now = col(Fact.month).in_(months), col(Fact.month) <= max(months)
    if selection.window == "to_date":
        return up_to_now
    if selection.count not in {"first", "latest"}:
        return in_months
    others = sa.orm.aliased(Fact)
    concerned = sa.select(others.subject).where(
        others.kind == selection.kind, col(others.month).in_(months), commit_order.before(others, until)
    )
    return sa.and_(up_to_now, col(Fact.subject).in_(concerned))


def _verdict(selection: Selection) -> Any:
    """Null for a fact that counts, otherwise the reason against it."""
    earlier, later = (Fact.occurred_at, Fact.seq), (col(Fact.occurred_at).desc(), col(Fact.seq).desc())
    rank: Any = sa.func.row_number()
    match selection.count:
        case "first" | "once":
            nth = rank.over(partition_by=Fact.subject, order_by=earlier)
            return sa.case((nth > 1, counting.COUNTED_ALREADY))
        case "latest":
            nth = rank.over(partition_by=Fact.subject, order_by=later)
            return sa.case((nth > 1, counting.SUPERSEDED))
        case "beyond":
            nth = rank.over(partition_by=(Fact.subject, Fact.month), order_by=earlier)
            return sa.case((nth <= selection.allowance, counting.WITHIN_ALLOWANCE))
        case _:
            return sa.null()


def _summed(source: Any) -> list[Any]:
    amounts = [sa.func.sum(getattr(source, name)) for name in ("numerator", "denominator", "amount_fen")]
    return [source.county, source.hall, source.clerk, *amounts, sa.func.count()]


def _placed(row: Sequence[Any]) -> tuple[Place, Sums]:
    county, hall, clerk, numerator, denominator, amount_fen, facts = row
    return Place(county, hall, clerk), Sums(int(numerator), int(denominator), int(amount_fen), int(facts))
