"""A run: read the settled facts of a period set by set, roll up, weigh, rank, store, say it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.commit_order import Position
from services.kpi.facts import repository as facts
from services.kpi.facts.rules.counting import Place, Selection, Sums
from services.kpi.indicators import repository as indicators
from services.kpi.indicators.models import Indicator
from services.kpi.indicators.rules import Definition, Figure
from services.kpi.periods import repository as periods
from services.kpi.periods.models import PeriodState
from services.kpi.periods.rules import Period
from services.kpi.schemes import repository as schemes
from services.kpi.schemes.models import Scheme
from services.kpi.schemes.rules import LEVELS, Level, SchemeItem, target_of_period
from services.kpi.scoring import repository, rules
from services.kpi.scoring.models import Run, RunPart, Score, ScoreIndicator
from services.kpi.scoring.rules import Roster, Scored, Subject
from services.kpi.staff import repository as staff
from shared import ids, outbox
from shared.database import insert_rows
from shared.events.kpi import IndicatorResult, ScorePublished

Targets = Mapping[tuple[str, str, str, str], Decimal]
Places = dict[str, dict[Place, Figure]]


@dataclass(frozen=True, slots=True)
class Counted:
    """What the facts say: each indicator's figure at every place, and which indicators anything was counted for."""

    places: Places
    spoke: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScorePeriod:
    """Score this period with what is known now."""

    period: str
    by: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a run depends on beside the facts; equal inputs and equal facts give equal figures."""

    period: Period
    schemes: dict[Level, tuple[Scheme, list[SchemeItem]]]
    catalogue: Sequence[Indicator]
    definitions: Mapping[str, Definition]
    targets: Targets
    roster: Roster

    @property
    def sha256(self) -> str:
        body = [
            {level: scheme.sha256 for level, (scheme, _items) in self.schemes.items()},
            [[i.code, i.formula, i.direction, i.when_silent] for i in self.catalogue],
            sorted([*key, str(value)] for key, value in self.targets.items()),
            [
                sorted(self.roster.halls.items()),
                sorted(self.roster.clerks.items()),
                sorted(self.roster.other_staff),
            ],
        ]
        return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def score_period(session: AsyncSession, command: ScorePeriod, *, now: datetime) -> Run:
    """The period's newest run: a new one where anything new is known, else the one there is.

    Raises `PeriodAlreadyClosed`.
    """
    period = Period.parse(command.period)
    state = await periods.locked(session, period.code)
    state.check_open()
    until = await facts.settled(session)
    previous = await repository.latest_run(session, period.code)
    inputs = await _inputs(session, period)
    state.checked_at = now
    session.add(state)
    if previous is not None and not await _anything_new(session, previous, inputs, until):
        return previous
    return await _run(session, inputs, until, state, previous, command.by, now)


async def _anything_new(session: AsyncSession, previous: Run, inputs: Inputs, until: Position) -> bool:
    if previous.inputs_sha256 != inputs.sha256:
        return True
    return await facts.anything_new(session, inputs.period.months[-1], previous.watermark, until)


async def _run(
    session: AsyncSession,
    inputs: Inputs,
    until: Position,
    state: PeriodState,
    previous: Run | None,
    by: str,
    now: datetime,
) -> Run:
    counted = await _counted(session, inputs, until)
    scored = _score_all(inputs, counted)
    run = Run(
        id=ids.uuid7(),
        period=inputs.period.code,
        watermark_xid=until.xid,
        watermark_seq=until.seq,
        as_of=now,
        completed_at=now,
        triggered_by=by,
        previous_run_id=previous.id if previous else None,
        scheme_versions={level: scheme.version for level, (scheme, _items) in inputs.schemes.items()},
        definitions={
            i.code: {"name": i.name, "unit": i.unit, "formula": i.formula} for i in inputs.catalogue
        },
        inputs_sha256=inputs.sha256,
        sha256=rules.figures_hash(row for one in scored for row in figure_rows(one)),
        scores=len(scored),
    )
    await _store(session, run, inputs, counted.places, scored)
    return run


async def _inputs(session: AsyncSession, period: Period) -> Inputs:
    found = {level: await schemes.scheme_in_force(session, level, period.months[0]) for level in LEVELS}
    in_force = {level: scheme for level, scheme in found.items() if scheme is not None}
    items = await schemes.items_of(session, *(scheme.id for scheme in in_force.values()))
    catalogue = await indicators.catalogue(session)
    return Inputs(
        period,
        {level: (scheme, items[scheme.id]) for level, scheme in in_force.items()},
        catalogue,
        {indicator.code: indicator.to_definition() for indicator in catalogue},
        await schemes.targets_for(session, period.months),
        await _roster(session, period),
    )


async def _roster(session: AsyncSession, period: Period) -> Roster:
    halls = await staff.halls_in_service(session, period.first_day, period.last_day)
    people = await staff.clerks_in_post(session, period.first_day, period.last_day)
    return Roster(
        {hall.code: hall.county for hall in halls},
        {one.staff_no: (one.county, one.hall) for one in people if one.role == "clerk"},
        frozenset(one.staff_no for one in people if one.role != "clerk"),
    )


async def _counted(session: AsyncSession, inputs: Inputs, until: Position) -> Counted:
    """Every indicator at every place: one query for all that count each fact, one for each other selection."""
    months, definitions = inputs.period.months, inputs.definitions
    selections = {s for definition in definitions.values() for s in definition.formula.selections}
    simple = {s.kind: s for s in selections if s == Selection(s.kind)}
    by_kind = await facts.sums_of_all(session, simple, months, until)
    sums: dict[Selection, dict[Place, Sums]] = {s: by_kind.get(kind, {}) for kind, s in simple.items()}
    for selection in sorted(selections - set(simple.values()), key=repr):
        sums[selection] = await facts.sums_of(session, selection, months, until)
    return Counted(
        {code: definition.figures(sums) for code, definition in definitions.items()},
        frozenset(code for code, definition in definitions.items() if definition.spoke(sums)),
    )


def _score_all(inputs: Inputs, counted: Counted) -> list[Scored]:
    places = counted.places
    everywhere = {place for figures in places.values() for place in figures}
    everybody = inputs.roster.subjects(everywhere)
    scored: list[Scored] = []
    for level, (scheme, items) in inputs.schemes.items():
        sums = {item.indicator: rules.roll_up(places[item.indicator], level) for item in items}
        subjects = [subject for subject in everybody if subject.level == level]
        level_scored = [_score(inputs, scheme, items, subject, sums, counted.spoke) for subject in subjects]
        scored += rules.ranked(level_scored, scheme.minimum_sample)
    return scored


def _score(
    inputs: Inputs,
    scheme: Scheme,
    items: Sequence[SchemeItem],
    subject: Subject,
    sums: Mapping[str, Mapping[str, Figure]],
    spoke: frozenset[str],
) -> Scored:
    definitions = inputs.definitions
    results = [
        rules.result_of(
            item,
            definitions[item.indicator],
            sums[item.indicator].get(subject.code, Figure()),
            _target(inputs, item, definitions[item.indicator], subject),
            spoke=item.indicator in spoke,
        )
        for item in items
    ]
    return rules.compose(subject, results, scheme.missing_policy)  # type: ignore[arg-type]  # checked by the table


def _target(inputs: Inputs, item: SchemeItem, definition: Definition, subject: Subject) -> Decimal:
    """The plan where there is one for the month, else the scheme's target for so many heads."""
    usual = item.target * subject.heads if item.per_head else item.target
    keys = [(month, subject.level, subject.code, item.indicator) for month in inputs.period.months]
    return target_of_period([inputs.targets.get(key, usual) for key in keys], adds_up=not definition.is_ratio)


def figure_rows(scored: Scored) -> list[tuple[object, ...]]:
    """The figures of one score as every export writes them and the run's hash covers them."""
    subject = scored.subject
    return [
        (
            subject.level,
            subject.code,
            scored.score,
            scored.rank,
            scored.peers,
            result.item.indicator,
            result.figure.numerator,
            result.figure.denominator,
            result.value,
            result.target,
            result.item.weight,
            result.contribution,
        )
        for result in scored.results
    ]


async def _store(
    session: AsyncSession, run: Run, inputs: Inputs, places: Places, scored: Sequence[Scored]
) -> None:
    session.add(run)
    await session.flush()
    identified = [(ids.uuid7(), one) for one in scored]
    await insert_rows(session, RunPart, _part_rows(run.id, places))
    await insert_rows(
        session, Score, [_score_row(run, inputs, score_id, one) for score_id, one in identified]
    )
    details = [row for score_id, one in identified for row in _indicator_rows(score_id, one)]
    for start in range(0, len(details), 5000):
        await insert_rows(session, ScoreIndicator, details[start : start + 5000])
    outbox.add(
        session,
        *(_published(run, inputs, score_id, one) for score_id, one in identified if one.score is not None),
    )


def _part_rows(run_id: UUID, places: Places) -> list[dict[str, object]]:
    return [
        {
            "run_id": run_id,
            "indicator": code,
            "county": place.county,
            "hall": place.hall,
            "clerk": place.clerk,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
            "facts": figure.facts,
        }
        for code, figures in places.items()
        for place, figure in figures.items()
    ]


def _score_row(run: Run, inputs: Inputs, score_id: UUID, one: Scored) -> dict[str, object]:
    scheme, _items = inputs.schemes[one.subject.level]
    return {
        "id": score_id,
        "run_id": run.id,
        "period": run.period,
        "level": one.subject.level,
        "subject": one.subject.code,
        "county": one.subject.county,
        "hall": one.subject.hall,
        "score": one.score,
        "rank": one.rank,
        "peers": one.peers,
        "sample": one.sample,
        "scheme_id": scheme.id,
        "scheme_version": scheme.version,
    }


def _indicator_rows(score_id: UUID, one: Scored) -> list[dict[str, object]]:
    return [
        {
            "score_id": score_id,
            "code": result.item.indicator,
            "position": position,
            "numerator": result.figure.numerator,
            "denominator": result.figure.denominator,
            "value": result.value,
            "target": result.target,
            "weight": result.item.weight,
            "points": result.points,
            "contribution": result.contribution,
            "facts": result.figure.facts,
        }
        for position, result in enumerate(one.results)
    ]


def _published(run: Run, inputs: Inputs, score_id: UUID, one: Scored) -> ScorePublished:
    scheme, _items = inputs.schemes[one.subject.level]
    results = tuple(
        IndicatorResult(
            code=result.item.indicator,
            numerator=result.figure.numerator,
            denominator=result.figure.denominator,
            target=result.target,
            weight=result.item.weight,
            contribution=result.contribution,
        )
        for result in one.results
        if result.contribution is not None
    )
    return ScorePublished(
        version=run_version(run),
        occurred_at=run.completed_at,
        score_id=score_id,
        period=run.period,
        level=one.subject.level,
        subject=one.subject.code,
        hall=one.subject.hall or None,
        county=one.subject.county or None,
        scheme=scheme.name,
        scheme_version=scheme.version,
        run_id=run.id,
        status="provisional",
        score=one.score if one.score is not None else Decimal(0),
        rank=one.rank,
        peers=one.peers,
        indicators=results,
    )


def run_version(run: Run) -> int:
    """Rises with every run of a period: milliseconds, since runs of a period come one after the other."""
    return int(run.completed_at.timestamp() * 1000)
