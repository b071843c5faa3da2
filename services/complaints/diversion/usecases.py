"""Measuring a month: read once, compare with what was said last, say what is different."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.diversion import repository
from services.complaints.diversion.models import Measurement
from services.complaints.diversion.repository import Measured
from services.complaints.diversion.rules import NOBODY, Figure, Line, Picture
from shared import clock, outbox
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class MeasureDiversion:
    """Measure one month for the halls of an area."""

    area: Area
    month: str
    window_days: int


async def read_diversion(session: AsyncSession, command: MeasureDiversion) -> Picture:
    """The figures by hall and clerk, with the baseline of the month before, without storing anything."""
    before_month = clock.previous_month(command.month)
    now = await _figures(session, command.month, command)
    before = await _figures(session, before_month, command)
    start, end = clock.month_bounds(command.month)
    orders = await repository.unmatched_orders(session, start, end, command.area)
    unmatched = {(hall, NOBODY): (county or "", count) for (hall, county), count in orders.items() if hall}
    counties = {key: m.county for key, m in [*before.items(), *now.items()]}
    counties |= {(hall, NOBODY): county for (hall, _), (county, _) in unmatched.items()}
    lines = [
        Line(
            hall=hall, county=county, clerk=clerk or None, figure=_figure(now.get((hall, clerk))),
            before=_figure(before.get((hall, clerk))), unmatched=unmatched.get((hall, clerk), ("", 0))[1],
        )
        for (hall, clerk), county in sorted(counties.items())
    ]  # fmt: skip
    elsewhere = sum(count for (hall, _), count in orders.items() if hall is None)
    return Picture(command.month, before_month, lines, elsewhere)


async def measure_diversion(
    session: AsyncSession, command: MeasureDiversion, *, now: datetime
) -> list[Measurement]:
    """Store the month's figures; an event for each that is different from what was said last."""
    picture = await read_diversion(session, command)
    known = await repository.measurements_of(session, command.month, command.area)
    lines = {(line.hall, line.clerk or NOBODY): line for line in picture.lines}
    for (hall, clerk), stored in known.items():
        lines.setdefault((hall, clerk), Line(hall, stored.county, clerk or None, Figure(), Figure(), 0))
    for key, line in sorted(lines.items()):
        stored = known.get(key) or _first(session, picture, line, now)
        event = stored.measure(line.figure, line.unmatched, line.before, command.window_days, now=now)
        known[key] = stored
        outbox.add(session, *([event] if event else []))
    await session.flush()
    return [known[key] for key in sorted(known)]


def _first(session: AsyncSession, picture: Picture, line: Line, now: datetime) -> Measurement:
    clerk = line.clerk or NOBODY
    stored = Measurement.first(picture.month, line.hall, line.county, clerk, picture.baseline_month, now=now)
    session.add(stored)
    return stored


async def _figures(
    session: AsyncSession, month: str, command: MeasureDiversion
) -> dict[tuple[str, str], Measured]:
    start, end = clock.month_bounds(month)
    found = await repository.measured(session, start, end, command.window_days, command.area)
    return {(m.hall, m.clerk): m for m in found}


def _figure(measured: Measured | None) -> Figure:
    return measured.figure if measured else Figure()
