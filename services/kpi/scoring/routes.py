"""Runs, scores and their explanations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from services.kpi.periods.schemas import PeriodCode
from services.kpi.schemes.rules import Level
from services.kpi.scoring import repository
from services.kpi.scoring.repository import Viewer
from services.kpi.scoring.schemas import (
    ExplanationRead,
    FactPage,
    FactRead,
    IndicatorExplainedRead,
    IndicatorScoreRead,
    PartRead,
    RunCreate,
    RunRead,
    SchemeUsed,
    ScoreRead,
    status_of,
)
from services.kpi.scoring.usecases.explain_score import (
    ExplainScore,
    Explanation,
    IndicatorExplained,
    explain_score,
)
from services.kpi.scoring.usecases.score_period import ScorePeriod, score_period
from services.kpi.staff import repository as staff
from shared import clock
from shared.pagination import Page, PageRequest
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires

router = APIRouter(prefix="/kpi/v1", tags=["scoring"])

Reader = Annotated[Caller, requires("scores:read")]
Cursor = Annotated[str | None, Query(max_length=2000)]
FORMULA = "得分 = Σ(权重 × 指标得分) ÷ Σ(计入指标的权重)，各指标贡献之和等于得分"


@router.post("/runs", status_code=201, response_model=RunRead)
async def run(
    body: RunCreate, here: Here, once: Once, caller: Annotated[Caller, requires("periods:write")]
) -> Response:
    """Score a period with what is known now; where nothing new is known, the run there is."""
    async with once.transaction() as session:
        made = await score_period(session, ScorePeriod(body.period, caller.subject), now=clock.now())
        state = await repository.period_state(session, body.period)
        location = {"location": f"/kpi/v1/runs/{made.id}"}
        return once.answer(201, RunRead.of(made, state), etag=made.sha256, headers=location)


@router.get("/runs/{run_id}")
async def read_run(run_id: UUID, here: Here, _caller: Reader, response: Response) -> RunRead:
    async with here.database.reading() as session:
        found = await repository.get_run(session, run_id)
        state = await repository.period_state(session, found.period)
    response.headers["etag"] = f'"{found.sha256}"'
    return RunRead.of(found, state)


@router.get("/scores")
async def list_scores(
    here: Here,
    caller: Reader,
    page: PageQuery,
    period: PeriodCode,
    level: Level | None = None,
    as_known_at: AwareDatetime | None = None,
) -> Page[ScoreRead]:
    """The scores of the period's newest run, or of the one that was newest at a moment in the past."""
    async with here.database.reading() as session:
        newest = await repository.latest_run(session, period, known_at=as_known_at)
        if newest is None:
            return Page(items=[])
        found = await repository.scores_page(session, newest.id, level, Viewer.of(caller), page)
        results = await repository.indicators_of(session, [score.id for score in found.items])
        names = await staff.names(session)
        status = status_of(newest, await repository.period_state(session, period), known_at=as_known_at)
    return found.map(lambda score: ScoreRead.of(score, results[score.id], newest, status, names))


@router.get("/scores/{score_id}")
async def read_score(score_id: UUID, here: Here, caller: Reader) -> ScoreRead:
    async with here.database.reading() as session:
        score = await repository.get_score(session, score_id, Viewer.of(caller))
        its_run = await repository.get_run(session, score.run_id)
        results = await repository.indicators_of(session, [score.id])
        names = await staff.names(session)
        status = status_of(its_run, await repository.period_state(session, score.period))
    return ScoreRead.of(score, results[score.id], its_run, status, names)


@router.get("/scores/{score_id}/explain")
async def explain(
    score_id: UUID,
    here: Here,
    caller: Reader,
    page: PageQuery,
    indicator: Annotated[str | None, Query(max_length=40)] = None,
    excluded_cursor: Cursor = None,
) -> ExplanationRead:
    """Down to the events. Cursors page within one `indicator`: `cursor` the counted, `excluded_cursor` the others."""
    command = ExplainScore(
        score_id, Viewer.of(caller), indicator, page, PageRequest(page.limit, excluded_cursor)
    )
    async with here.database.reading() as session:
        found = await explain_score(session, command)
        names = await staff.names(session)
        status = status_of(found.run, await repository.period_state(session, found.run.period))
    return explanation_read(found, names, status)


def explanation_read(found: Explanation, names: dict[tuple[str, str], str], status: str) -> ExplanationRead:
    score = found.score
    same = ("id", "period", "level", "subject", "score", "rank", "sample", "run_id")
    return ExplanationRead.model_validate(
        {
            **{name: getattr(score, name) for name in same},
            "name": names.get((score.level, score.subject), score.subject),
            "n": score.peers,
            "status": status,
            "as_of": found.run.as_of,
            "scheme": SchemeUsed.of(found.scheme),
            "formula": FORMULA,
            "known_weight": found.known_weight,
            "indicators": [_indicator_read(explained) for explained in found.indicators],
        }
    )


def _indicator_read(one: IndicatorExplained) -> IndicatorExplainedRead:
    result = IndicatorScoreRead.model_validate(one.result).model_dump()
    described = {name: getattr(one.indicator, name) for name in ("name", "definition", "unit", "direction")}
    return IndicatorExplainedRead(
        **result,
        **described,
        formula=one.formula.describe(),
        parts=[PartRead.of(part) for part in one.parts],
        events=_facts(one.counted),
        excluded=_facts(one.excluded),
    )


def _facts(page: Page[object]) -> FactPage:
    return FactPage(items=[FactRead.of(row) for row in page.items], next_cursor=page.next_cursor)
