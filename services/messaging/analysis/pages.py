"""The frequency analysis as a page: tables, and two drawings of the same figures."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.messaging.analysis.rules import Analysis
from services.messaging.analysis.usecases import analyse_month
from services.messaging.audience import repository as audience
from services.messaging.audience.errors import HallNotFound
from services.messaging.templates.rules import CLASS_NAMES
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, see_other

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("messages:read")]
HEIGHT, WIDTH = 120.0, 480.0
WIDEST, FILLED = 80.0, 0.76
"""A bar's place is this wide at most, and this much of it is the bar."""


@router.get("/messaging/frequency")
async def frequency(
    request: Request,
    here: Here,
    caller: Reader,
    month: Annotated[str | None, Query(max_length=10)] = None,
    hall: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """A month that cannot be read is this month: pages forgive."""
    wanted, code = _month(month), hall or caller.hall
    try:
        async with here.database.reading() as session:
            found = await analyse_month(session, wanted, caller.area, code)
            halls = await audience.halls_in(session, caller.area)
    except HallNotFound:
        return see_other(request, "/messaging/frequency", say="没有找到这个营业厅。", tone="warn")
    return render(
        request, "analysis/frequency.html", found=found, month=wanted, hall=code, halls=halls,
        names={each.code: each.full_name for each in halls}, class_names=CLASS_NAMES, share=share,
        previous=clock.previous_month(wanted), following=clock.next_month(wanted),
        this_month=clock.month_of(clock.now()), counts=drawn([(str(n), c) for n, c in found.histogram.items()]),
        hours=_hours(found), width=WIDTH, height=HEIGHT,
    )  # fmt: skip


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "—"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a drawing: what it says, and where it stands."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


def drawn(values: list[tuple[str, int]]) -> list[Bar]:
    """Bars side by side, the highest as high as the drawing."""
    most = max((value for _label, value in values), default=0) or 1
    step = min(WIDEST, WIDTH / max(1, len(values)))
    return [
        Bar(
            label, value, round((i + (1 - FILLED) / 2) * step, 1), round(HEIGHT * (1 - value / most), 1),
            round(step * FILLED, 1), round(HEIGHT * value / most, 1),
        )
        for i, (label, value) in enumerate(values)
    ]  # fmt: skip


def _hours(found: Analysis) -> list[Bar]:
    by_hour = {each.hour: each.sent for each in found.hours}
    if not by_hour:
        return []
    return drawn([(str(h), by_hour.get(h, 0)) for h in range(min(by_hour), max(by_hour) + 1)])


def _month(text: str | None) -> str:
    now = clock.month_of(clock.now())
    try:
        clock.month_bounds(text or now)
    except ValueError:
        return now
    return text or now
