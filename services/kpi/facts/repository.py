"""All queries of the fact table. What counts is decided in one place, for sums and for explanations alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.kpi import commit_order
from services.kpi.commit_order import Position
from services.kpi.facts.models import Fact
from services.kpi.facts.rules import counting
from services.kpi.facts.rules.counting import Measure, Place, Selection, Sums
from shared.database import upsert
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

# Columns in queries: SQLModel types them as the values of a row.
FACT: Any = Fact


Evidence = Sequence[tuple[Selection, Sequence[Measure], Sequence[Measure]]]
"""Each selection of a formula with the measures it adds to the numerator and to the denominator."""


async def append(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add the facts that are not there yet; what was told before, by this event or another, changes nothing."""
    await upsert(session, Fact, rows, key=["key", "kind"], update=[])


async def settled(session: AsyncSession) -> Position:
    return await commit_order.settled(session, Fact)


async def sums_of_all(
    session: AsyncSession, kinds: Iterable[str], months: Sequence[str], until: Position
) -> dict[str, dict[Place, Sums]]:
    """Sums of every fact of these kinds in the months, by kind and place: one pass for all simple indicators."""
    statement = sa.select(FACT.kind, *_summed(Fact)).where(
        FACT.kind.in_(set(kinds)), FACT.month.in_(months), commit_order.before(Fact, until)
    )
    found: dict[str, dict[Place, Sums]] = {}
    for kind, *row in await session.execute(
        statement.group_by(FACT.kind, FACT.county, FACT.hall, FACT.clerk)
    ):
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


def classified(
    selection: Selection, months: Sequence[str], until: Position, where: Mapping[str, str] | None = None
) -> sa.Select[Any]:
    """The facts a selection looks at, each with the reason why it is `excluded`, or null when it counts.

    With `where` only the subjects that have a fact at that place are looked at: theirs wholly, since what counts of a
    subject depends on all its facts.
    """
    rows = sa.select(Fact, _verdict(selection).label("excluded")).where(
        FACT.kind == selection.kind, commit_order.before(Fact, until), _looked_at(selection, months, until)
    )
    if where:
        rows = rows.where(_with_a_fact_at(selection.kind, where))
    if selection.count not in {"first", "latest"} or selection.window == "to_date":
        return rows
    ranked = rows.subquery()
    return sa.select(ranked).where(ranked.c.month.in_(months))


async def evidence_page(
    session: AsyncSession,
    formula: Evidence,
    months: Sequence[str],
    until: Position,
    where: Mapping[str, str],
    page: PageRequest,
    *,
    excluded: bool,
) -> Page[Any]:
    """The facts behind one figure with what each adds to either side, or those left out, each with its reason.

    `where` narrows to a subject's places. Facts that a run with this watermark could not know are left out too.
    """
    parts = [_evidence(i, *entry, months, until, where, excluded=excluded) for i, entry in enumerate(formula)]
    if excluded:
        parts += [_unknown_to_the_run(i, entry[0], months, until, where) for i, entry in enumerate(formula)]
    every = sa.union_all(*parts).subquery()
    shown = [column for name, column in every.c.items() if name not in {"seq", "part"}]
    return await paginate(session, sa.select(*shown), [(every.c.seq, "asc"), (every.c.part, "asc")], page)


async def anything_new(session: AsyncSession, last_month: str, since: Position, until: Position) -> bool:
    """Whether a fact up to that month became known between the two positions."""
    new = sa.and_(sa.not_(commit_order.before(Fact, since)), commit_order.before(Fact, until))
    found = sa.select(FACT.seq).where(new, FACT.month <= last_month).limit(1)
    return (await session.scalar(found)) is not None


async def feed(
    session: AsyncSession, area: Area, after: Position, until: Position, limit: int
) -> Sequence[Fact]:
    """Settled facts behind the position, in commit order."""
    statement = (
        sa.select(Fact)
        .where(commit_order.after(Fact, after), commit_order.before(Fact, until))
        .where(area.clause(FACT.hall, FACT.county))
        .order_by(*commit_order.in_order(Fact))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def newest(session: AsyncSession, area: Area, until: Position) -> Position:
    """The place of the last settled row in the area."""
    order = [column.desc() for column in (FACT.xid, FACT.seq)]
    statement = sa.select(FACT.xid, FACT.seq).where(
        commit_order.before(Fact, until), area.clause(FACT.hall, FACT.county)
    )
    row = (await session.execute(statement.order_by(*order).limit(1))).first()
    return Position(row[0], row[1]) if row else Position()


async def halls_named(session: AsyncSession) -> list[str]:
    """Every hall code that a fact names."""
    return list((await session.scalars(sa.select(FACT.hall).where(FACT.hall != "").distinct())).all())


async def subjects_beyond(
    session: AsyncSession, kind: str, allowance: int, limit: int
) -> list[tuple[str, str, int]]:
    """(month, subject, how often) where the facts of a kind exceed the allowance a month."""
    total = sa.func.sum(FACT.numerator)
    statement = (
        sa.select(FACT.month, FACT.subject, total)
        .where(FACT.kind == kind)
        .group_by(FACT.month, FACT.subject)
        .having(total > allowance)
        .order_by(FACT.month, FACT.subject)
        .limit(limit)
    )
    return [(month, subject, int(count)) for month, subject, count in await session.execute(statement)]


def _looked_at(selection: Selection, months: Sequence[str], until: Position) -> sa.ColumnElement[bool]:
    """`first` and `latest` look back for the same subjects' earlier facts; the rest only at the months."""
    in_months: sa.ColumnElement[bool] = FACT.month.in_(months)
    up_to_now: sa.ColumnElement[bool] = FACT.month <= max(months)
    if selection.window == "to_date":
        return up_to_now
    if selection.count not in {"first", "latest"}:
        return in_months
    others: Any = aliased(Fact)
    concerned = sa.select(others.subject).where(
        others.kind == selection.kind, others.month.in_(months), commit_order.before(others, until)
    )
    return sa.and_(up_to_now, FACT.subject.in_(concerned))


def _with_a_fact_at(kind: str, where: Mapping[str, str]) -> sa.ColumnElement[bool]:
    there: Any = aliased(Fact)
    named = (getattr(there, name) == value for name, value in where.items())
    subjects: sa.ColumnElement[bool] = FACT.subject.in_(
        sa.select(there.subject).where(there.kind == kind, *named)
    )
    return subjects


def _verdict(selection: Selection) -> Any:
    """Null for a fact that counts, otherwise the reason against it."""
    earlier, later = (FACT.occurred_at, FACT.seq), (FACT.occurred_at.desc(), FACT.seq.desc())
    rank: Any = sa.func.row_number()
    match selection.count:
        case "first" | "once":
            nth = rank.over(partition_by=FACT.subject, order_by=earlier)
            return sa.case((nth > 1, counting.COUNTED_ALREADY))
        case "latest":
            nth = rank.over(partition_by=FACT.subject, order_by=later)
            return sa.case((nth > 1, counting.SUPERSEDED))
        case "beyond":
            nth = rank.over(partition_by=(FACT.subject, FACT.month), order_by=earlier)
            return sa.case((nth <= selection.allowance, counting.WITHIN_ALLOWANCE))
        case _:
            return sa.null()


def _evidence(
    part: int,
    selection: Selection,
    above: Sequence[Measure],
    below: Sequence[Measure],
    months: Sequence[str],
    until: Position,
    where: Mapping[str, str],
    *,
    excluded: bool,
) -> sa.Select[Any]:
    facts = classified(selection, months, until, where).subquery()
    verdict = facts.c.excluded.is_not(None) if excluded else facts.c.excluded.is_(None)
    sides = _hundredths(facts.c, above).label("above"), _hundredths(facts.c, below).label("below")
    return _shown(facts.c, part, facts.c.excluded, *sides).where(verdict, *_at(facts.c, where))


def _unknown_to_the_run(
    part: int, selection: Selection, months: Sequence[str], until: Position, where: Mapping[str, str]
) -> sa.Select[Any]:
    facts = sa.select(Fact).subquery()
    reason = sa.literal(counting.AFTER_THE_RUN)
    nothing = sa.literal(0, sa.BigInteger)
    late = (
        facts.c.kind == selection.kind,
        facts.c.month.in_(months),
        sa.not_(commit_order.before(facts.c, until)),
    )
    return _shown(facts.c, part, reason, nothing.label("above"), nothing.label("below")).where(
        *late, *_at(facts.c, where)
    )


def _shown(facts: Any, part: int, reason: Any, above: Any, below: Any) -> sa.Select[Any]:
    names = (
        "seq", "event_id", "topic", "kind", "subject", "occurred_at", "recorded_at", "month", "county", "hall", "clerk",
        "attributes",
    )  # fmt: skip
    columns = [facts[name] for name in names]
    return sa.select(
        *columns, sa.cast(reason, sa.String).label("reason"), above, below, sa.literal(part).label("part")
    )


def _at(facts: Any, where: Mapping[str, str]) -> list[Any]:
    return [facts[name] == value for name, value in where.items()]


def _hundredths(facts: Any, measures: Sequence[Measure]) -> Any:
    """What a fact adds to a side, in hundredths so that yuan and counts add up alike."""
    zero: Any = sa.literal(0, sa.BigInteger)
    return sum((facts[m] if m == "amount_fen" else facts[m] * 100 for m in measures), zero)


def _summed(source: Any) -> list[Any]:
    amounts = [sa.func.sum(getattr(source, name)) for name in ("numerator", "denominator", "amount_fen")]
    return [source.county, source.hall, source.clerk, *amounts, sa.func.count()]


def _placed(row: Sequence[Any]) -> tuple[Place, Sums]:
    county, hall, clerk, numerator, denominator, amount_fen, facts = row
    return Place(county, hall, clerk), Sums(int(numerator), int(denominator), int(amount_fen), int(facts))
