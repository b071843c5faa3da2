"""The queries behind the invariants: each gives what breaks one, and nothing when it holds."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.facts.models import Fact
from services.kpi.schemes.models import Scheme, SchemeItemRow
from services.kpi.scoring.models import Run, RunPart, Score, ScoreIndicator
from services.kpi.staff.models import Hall

# Columns in queries: SQLModel types them as the values of a row.
FACT: Any = Fact
SCHEME: Any = Scheme
ITEM: Any = SchemeItemRow
RUN: Any = Run
SCORE: Any = Score
RESULT: Any = ScoreIndicator
PART: Any = RunPart
HALL: Any = Hall

Broken = list[tuple[Any, ...]]

OF_THE_ARCHIVED = (
    "customer_archived",
    "archive_size",
    "service_audience",
    "holiday_audience",
    "number_stored",
    "touch",
)
"""Facts about a customer that only somebody in the archive can give; a late receipt of an SMS is none of them."""


def _newest_runs() -> Any:
    newest = sa.func.row_number().over(
        partition_by=RUN.period, order_by=(RUN.completed_at.desc(), RUN.id.desc())
    )
    runs = sa.select(RUN.id, newest.label("nth")).subquery()
    return sa.select(runs.c.id).where(runs.c.nth == 1)


async def scores_off_their_parts(session: AsyncSession, limit: int) -> Broken:
    """Scores of the newest runs that their contributions do not sum to."""
    together = sa.func.coalesce(sa.func.sum(RESULT.contribution), 0)
    statement = (
        sa.select(SCORE.period, SCORE.level, SCORE.subject)
        .join(ScoreIndicator, RESULT.score_id == SCORE.id)
        .where(SCORE.run_id.in_(_newest_runs()), SCORE.score.is_not(None))
        .group_by(SCORE.period, SCORE.level, SCORE.subject, SCORE.score)
        .having(sa.type_coerce(together, sa.BigInteger) != sa.type_coerce(SCORE.score, sa.BigInteger))
        .limit(limit)
    )
    return [tuple(row) for row in await session.execute(statement)]


async def subjects_off_their_places(session: AsyncSession, level: str, limit: int) -> Broken:
    """Subjects of the newest runs whose figure is not the sum of its places: hall = Σ clerks + unattributed."""
    code = sa.literal("region") if level == "region" else getattr(RunPart, level)
    sums = (
        sa.select(
            PART.run_id,
            PART.indicator,
            code.label("subject"),
            sa.func.sum(PART.numerator).label("above"),
            sa.func.sum(PART.denominator).label("below"),
        )
        .where(PART.run_id.in_(_newest_runs()))
        .group_by(PART.run_id, PART.indicator, code)
        .subquery()
    )
    same = sa.and_(
        sums.c.run_id == SCORE.run_id,
        sums.c.indicator == RESULT.code,
        sums.c.subject == SCORE.subject,
    )
    statement = (
        sa.select(SCORE.period, SCORE.subject, RESULT.code)
        .join(ScoreIndicator, RESULT.score_id == SCORE.id)
        .outerjoin(sums, same)
        .where(SCORE.level == level, SCORE.run_id.in_(_newest_runs()))
        .where(
            sa.or_(
                _differ(sums.c.above, RESULT.numerator),
                _differ(sums.c.below, RESULT.denominator),
            )
        )
        .limit(limit)
    )
    return [tuple(row) for row in await session.execute(statement)]


async def published_weights_not_hundred(session: AsyncSession, limit: int) -> Broken:
    together = sa.type_coerce(sa.func.sum(ITEM.weight), sa.BigInteger)
    statement = (
        sa.select(SCHEME.level, SCHEME.version)
        .join(SchemeItemRow, ITEM.scheme_id == SCHEME.id)
        .where(SCHEME.published_at.is_not(None))
        .group_by(SCHEME.level, SCHEME.version)
        .having(together != 10_000)
        .limit(limit)
    )
    return [tuple(row) for row in await session.execute(statement)]


async def facts_told_twice(session: AsyncSession, limit: int) -> Broken:
    statement = (
        sa.select(FACT.kind, FACT.key).group_by(FACT.kind, FACT.key).having(sa.func.count() > 1).limit(limit)
    )
    return [tuple(row) for row in await session.execute(statement)]


async def customers_over_the_cap(session: AsyncSession, cap: int, limit: int) -> Broken:
    """(month, customer, how many) where more capped messages were sent than the cap."""
    together = sa.func.sum(FACT.numerator)
    statement = (
        sa.select(FACT.month, FACT.subject, together)
        .where(FACT.kind == "capped_sms")
        .group_by(FACT.month, FACT.subject)
        .having(together > cap)
        .limit(limit)
    )
    return [tuple(row) for row in await session.execute(statement)]


async def messages_without_consent(session: AsyncSession, limit: int) -> Broken:
    statement = sa.select(FACT.event_id, FACT.subject).where(
        FACT.kind == "consented_sms", FACT.numerator < FACT.denominator
    )
    return [tuple(row) for row in await session.execute(statement.limit(limit))]


async def settled_complaints_without_callback(session: AsyncSession, limit: int) -> Broken:
    """The call-back may have closed the ticket, or have come after it was closed: then the rating tells of it."""
    said: Any = FACT.attributes
    rating: Any = sa.orm.aliased(Fact)
    rated = sa.exists().where(rating.kind == "complaint_rating", rating.subject == FACT.subject)
    statement = sa.select(FACT.subject).where(
        FACT.kind == "ticket_closed",
        said["kind"].as_string() == "complaint",
        said["reason"].as_string() == "settled",
        said["called_back_by"].as_string().is_(None),
        ~rated,
    )
    return [tuple(row) for row in await session.execute(statement.limit(limit))]


async def purged_people_seen_since(session: AsyncSession, limit: int) -> Broken:
    """Customers of whom something was said that happened after they were purged, as if they were still archived."""
    purge: Any = sa.orm.aliased(Fact)
    since = (
        sa.select(purge.subject, sa.func.min(purge.occurred_at).label("at"))
        .where(purge.kind == "archive_size", purge.topic == "customer.purged")
        .group_by(purge.subject)
        .subquery()
    )
    statement = (
        sa.select(FACT.subject, FACT.kind, sa.func.count())
        .join(since, since.c.subject == FACT.subject)
        .where(FACT.kind.in_(OF_THE_ARCHIVED), FACT.numerator > 0, FACT.occurred_at > since.c.at)
        .group_by(FACT.subject, FACT.kind)
        .limit(limit)
    )
    return [tuple(row) for row in await session.execute(statement)]


async def halls_unknown(session: AsyncSession, limit: int) -> Broken:
    """Halls that facts name and the directory does not have."""
    known = sa.select(HALL.code)
    statement = sa.select(FACT.hall).where(FACT.hall != "", FACT.hall.not_in(known)).distinct()
    return [tuple(row) for row in await session.execute(statement.limit(limit))]


def _differ(summed: Any, stored: Any) -> sa.ColumnElement[bool]:
    there: sa.ColumnElement[bool] = sa.func.coalesce(
        sa.type_coerce(summed, sa.BigInteger), 0
    ) != sa.type_coerce(stored, sa.BigInteger)
    return there
