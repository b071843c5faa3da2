"""A score down to its facts: formula, weights, targets, parts by place, the facts counted and those left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.facts import repository as facts
from services.kpi.indicators import repository as catalogue
from services.kpi.indicators.errors import IndicatorNotFound
from services.kpi.indicators.models import Indicator
from services.kpi.indicators.rules import Formula
from services.kpi.periods.rules import Period
from services.kpi.schemes import repository as schemes
from services.kpi.schemes.models import Scheme
from services.kpi.scoring import repository
from services.kpi.scoring.models import Run, RunPart, Score, ScoreIndicator
from services.kpi.scoring.repository import Viewer
from shared.pagination import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ExplainScore:
    """Which score, and which page of its facts; with an `indicator` only that one."""

    score_id: UUID
    viewer: Viewer
    indicator: str | None
    counted: PageRequest
    excluded: PageRequest


@dataclass(frozen=True, slots=True)
class IndicatorExplained:
    """One indicator's result and what it is made of."""

    result: ScoreIndicator
    indicator: Indicator
    formula: Formula
    parts: Sequence[RunPart]
    counted: Page[Any]
    excluded: Page[Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score, the run and scheme it comes from, and its indicators."""

    score: Score
    run: Run
    scheme: Scheme
    known_weight: Decimal
    indicators: list[IndicatorExplained]


async def explain_score(session: AsyncSession, command: ExplainScore) -> Explanation:
    """Raises `ScoreNotFound`, also outside the viewer's area, and `IndicatorNotFound`."""
    score = await repository.get_score(session, command.score_id, command.viewer)
    run = await repository.get_run(session, score.run_id)
    results = (await repository.indicators_of(session, [score.id]))[score.id]
    wanted = [r for r in results if command.indicator in {None, r.code}]
    if not wanted:
        raise IndicatorNotFound
    known = {indicator.code: indicator for indicator in await catalogue.catalogue(session)}
    return Explanation(
        score,
        run,
        await schemes.get_scheme(session, score.scheme_id),
        sum((r.weight for r in results if r.points is not None), Decimal(0)),
        [await _explained(session, command, score, run, result, known[result.code]) for result in wanted],
    )


async def _explained(
    session: AsyncSession,
    command: ExplainScore,
    score: Score,
    run: Run,
    result: ScoreIndicator,
    indicator: Indicator,
) -> IndicatorExplained:
    """With the formula as the run had it, over exactly the facts that the run could know."""
    formula = Formula.from_json(run.definitions[result.code]["formula"])
    months, where = Period.parse(run.period).months, where_of(score)
    pages = {
        excluded: await facts.evidence_page(
            session, formula.evidence(), months, run.watermark, where, page, excluded=excluded
        )
        for excluded, page in ((False, command.counted), (True, command.excluded))
    }
    parts = [p for p in await repository.parts_of(session, run.id, result.code) if _is_part_of(p, where)]
    return IndicatorExplained(result, indicator, formula, parts, pages[False], pages[True])


def where_of(score: Score) -> dict[str, str]:
    """Which places' facts make up the score."""
    return {} if score.level == "region" else {score.level: score.subject}


def _is_part_of(part: RunPart, where: dict[str, str]) -> bool:
    return all(getattr(part, level) == code for level, code in where.items())
