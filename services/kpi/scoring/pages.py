"""The office's pages: the board of a period, and one score explained down to its facts. No phone is here."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.facts.rules import counting
from services.kpi.facts.rules.names import event_name
from services.kpi.periods.errors import PeriodInvalid
from services.kpi.periods.rules import NotAPeriod, Period, open_periods
from services.kpi.schemes.rules import LEVEL_NAMES, POLICY_NAMES
from services.kpi.scoring import repository
from services.kpi.scoring.repository import Viewer
from services.kpi.scoring.rules import as_text
from services.kpi.scoring.schemas import STATUS_NAMES, status_of
from services.kpi.scoring.usecases.compare_score import compare_score
from services.kpi.scoring.usecases.explain_score import ExplainScore, explain_score
from services.kpi.scoring.usecases.score_period import ScorePeriod, score_period
from services.kpi.scoring.usecases.show_board import Board, Trend, show_board
from services.kpi.staff import repository as staff
from shared import clock
from shared.pagination import PageRequest
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, see_other

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("scores:read")]
Cursor = Annotated[str | None, Query(max_length=2000)]

TONES = {"provisional": "warn", "closed": "good", "restated": "warn"}
WIDTH, HEIGHT = 330, 90
STALE_AFTER = timedelta(hours=26)


def shown(value: Decimal | None, unit: str) -> str:
    """A value for the eye: percent, yuan or count; a dash where nothing is known."""
    if value is None:
        return "—"
    if unit == "percent":
        return f"{value * 100:.2f}%"
    return f"{value:.2f} 元" if unit == "yuan" else f"{value:,.0f}"


def target_shown(value: Decimal, unit: str) -> str:
    """A target as short as it can be said: 95%, 300 元."""
    if unit == "percent":
        return f"{as_text(value * 100)}%"
    return f"{as_text(value)} 元" if unit == "yuan" else as_text(value)


def score_shown(value: Decimal | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def period_name(code: str) -> str:
    """2026-11 → 2026年11月, 2026-Q3 → 2026年第3季度."""
    year, _, rest = code.partition("-")
    return f"{year}年第{rest[1]}季度" if rest.startswith("Q") else f"{year}年{int(rest)}月"


@router.get("/kpi/board")
async def board(
    request: Request,
    here: Here,
    caller: Reader,
    period: Annotated[str | None, Query()] = None,
    place: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """A period's board; with a `place`, a county or a hall, what lies in it."""
    async with here.database.reading() as session:
        wanted = _period(period or await _default_period(session))
        found = await show_board(session, wanted, Viewer.of(caller), place)
    status = status_of(found.run, found.state) if found.run else None
    return render(
        request,
        "scoring/board.html",
        board=found,
        place=place,
        period_choices=[(code, period_name(code)) for code in found.periods],
        period_name=period_name,
        badge=(STATUS_NAMES[status], TONES[status]) if status else None,
        may_run=caller.may("periods:write") and not (found.state and found.state.closed),
        may_check=caller.may("invariants:read"),
        stale=_stale(found, clock.now()),
        plot=plotted(found.trend) if found.trend else None,
        level_names=LEVEL_NAMES,
        shown=shown,
        target_shown=target_shown,
        score_shown=score_shown,
        raw=as_text,
    )


@router.get("/kpi/board/runs")
async def back_to_board(request: Request, _caller: Reader) -> Response:
    """Whoever opens again the address to which the button was sent."""
    return see_other(request, "/kpi/board")


@router.post("/kpi/board/runs")
async def run(
    request: Request,
    here: Here,
    caller: Annotated[Caller, requires("periods:write")],
    period: Annotated[str, Form()],
) -> Response:
    """The button "compute now"; pressed twice it changes nothing, since a run needs something new."""
    wanted = _period(period)
    async with here.database.transaction() as session:
        await score_period(session, ScorePeriod(wanted.code, caller.subject), now=clock.now())
    return see_other(request, f"/kpi/board?period={wanted.code}", say="已按目前收到的数据计算完成。")


@router.get("/kpi/scores/{score_id}")
async def score(request: Request, score_id: UUID, here: Here, caller: Reader) -> Response:
    async with here.database.reading() as session:
        found = await compare_score(session, score_id, Viewer.of(caller))
        names = await staff.names(session)
        status = status_of(found.run, await repository.period_state(session, found.run.period))
    return render(
        request,
        "scoring/score.html",
        found=found,
        name=names.get((found.score.level, found.score.subject), found.score.subject),
        badge=(STATUS_NAMES[status], TONES[status]),
        period_name=period_name,
        level_names=LEVEL_NAMES,
        policy=POLICY_NAMES[found.scheme.missing_policy],
        raw=as_text,
        shown=shown,
        target_shown=target_shown,
        score_shown=score_shown,
    )


@router.get("/kpi/scores/{score_id}/{indicator}")
async def figure(
    request: Request,
    score_id: UUID,
    indicator: str,
    here: Here,
    caller: Reader,
    cursor: Cursor = None,
    excluded_cursor: Cursor = None,
) -> Response:
    """One figure: its formula, parts by place, the facts that count and those left out."""
    command = ExplainScore(
        score_id, Viewer.of(caller), indicator, PageRequest(50, cursor), PageRequest(50, excluded_cursor)
    )
    async with here.database.reading() as session:
        found = await explain_score(session, command)
        names = await staff.names(session)
    return render(
        request,
        "scoring/figure.html",
        found=found,
        one=found.indicators[0],
        names=names,
        name=names.get((found.score.level, found.score.subject), found.score.subject),
        reasons=counting.REASONS,
        event_name=event_name,
        period_name=period_name,
        shown=shown,
        target_shown=target_shown,
        score_shown=score_shown,
        side=lambda hundredths: as_text(Decimal(int(hundredths)).scaleb(-2)),
        raw=as_text,
    )


def plotted(trend: Trend) -> list[dict[str, object]]:
    """The trend's points on the drawing, scores 0–100 from bottom to top; months without a score leave a gap."""
    step = WIDTH / max(len(trend.points) - 1, 1)
    return [
        {
            "month": month,
            "score": score,
            "x": round(i * step, 1),
            "y": round(HEIGHT - min(float(score), 100) * HEIGHT / 100, 1),
        }
        for i, (month, score) in enumerate(trend.points)
        if score is not None
    ]


def _stale(found: Board, now: datetime) -> bool:
    """An open period the nightly run should have looked at and has not; long past ones are left alone."""
    state = found.state
    if state is None or state.closed or state.checked_at is None:
        return False
    looked_after = found.period.code in {period.code for period in open_periods(now)}
    return looked_after and now - state.checked_at > STALE_AFTER


async def _default_period(session: AsyncSession) -> str:
    """This month if it was scored, else the newest month that was."""
    current = clock.month_of(clock.now())
    scored = [code for code in await repository.scored_periods(session) if "Q" not in code]
    return current if current in scored or not scored else scored[0]


def _period(code: str) -> Period:
    try:
        return Period.parse(code)
    except NotAPeriod as error:
        raise PeriodInvalid from error
