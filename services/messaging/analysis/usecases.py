"""Putting a month's counts together."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.analysis import rules
from services.messaging.analysis.repository import Month
from services.messaging.analysis.rules import Analysis, OfHall
from services.messaging.audience import repository as audience
from shared import clock
from shared.security.tenancy import Area


async def analyse_month(session: AsyncSession, month: str, area: Area, hall: str | None = None) -> Analysis:
    """How often customers were written to in a calendar month of Asia/Shanghai. Raises HallNotFound."""
    if hall is not None:
        found = await audience.get_hall(session, hall, area)
        area = Area(county=found.county, hall=found.code)
    of = Month(session, *clock.month_bounds(month), area)
    counts, agreed = await of.customers_by_count(), await of.agreed_by_hall()
    all_agreed = sum(each for each, _reached in agreed.values())
    reached = sum(each for _agreed, each in agreed.values())
    return Analysis(
        month=month,
        agreed=all_agreed,
        reached=reached,
        messages=sum(n * customers for n, customers in counts.items()),
        histogram=rules.histogram_of(counts, all_agreed, reached),
        after=rules.followed(counts, await of.opt_outs_after(), await of.complaints_after()),
        hours=tuple(await of.hours()),
        by_class=tuple(await of.classes()),
        by_hall=await _halls(of, agreed),
    )


async def _halls(of: Month, agreed: dict[str, tuple[int, int]]) -> tuple[OfHall, ...]:
    messages, opt_outs = await of.messages_by_hall(), await of.opt_outs_by_hall()
    complaints = await of.complaints_by_hall()
    codes = sorted({*agreed, *messages, *opt_outs, *complaints})
    return tuple(
        OfHall(
            code,
            *agreed.get(code, (0, 0)),
            messages.get(code, 0),
            opt_outs.get(code, 0),
            complaints.get(code, 0),
        )
        for code in codes
    )
