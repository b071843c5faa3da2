"""What the halls of an area send on an occasion: one plan a hall, where it has none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience.errors import HallNotFound
from services.messaging.audience.models import Hall
from services.messaging.calendar import usecases as calendar
from services.messaging.plans import repository, rules
from services.messaging.plans.errors import PlanExists, PlanInvalid
from services.messaging.plans.models import Plan
from services.messaging.plans.rules import HOLIDAY
from services.messaging.templates import repository as templates
from services.messaging.templates import usecases as template_usecases
from shared import clock
from shared.security.tenancy import Area

FESTIVAL = "festival"


@dataclass(frozen=True, slots=True)
class WritePlans:
    """Content for a month (`2026-12`) or a festival's day (`2026-10-01`); without halls for all of the area."""

    area: Area
    author: str
    message_class: str
    occasion: str
    template: str
    params: Mapping[str, str]
    halls: Sequence[str] | None = None


async def write_plans(session: AsyncSession, command: WritePlans, *, now: datetime) -> list[Plan]:
    """Drafts. Raises HallNotFound, PlanInvalid, TemplateNotFound, ParamsInvalid, and PlanExists when none is new."""
    today = clock.business_date(now)
    if last_day_of(command.occasion) < today:
        raise PlanInvalid(reason="日期已经过去")
    halls = await repository.halls_within(session, command.area, command.halls)
    if command.halls is not None and len(halls) < len(set(command.halls)):
        raise HallNotFound
    plans = [await _draft(session, command, hall, now) for hall in halls]
    written = await repository.add_plans(session, plans)
    if not written:
        raise PlanExists
    return written


async def check_content(
    session: AsyncSession, message_class: str, template: str, params: Mapping[str, str]
) -> None:
    """Raises TemplateNotFound, PlanInvalid when the template is of another class, ParamsInvalid."""
    approved = await templates.get_approved(session, template)
    if approved.message_class != message_class:
        raise PlanInvalid(reason=f"模板 {template} 不属于{rules.CLASS_NAMES[message_class]}类")
    template_usecases.check_params(approved, params)


def last_day_of(occasion: str) -> date:
    """The month's last day, or the day itself."""
    return (
        rules.days_of_month(occasion)[1] if len(occasion) == len("YYYY-MM") else date.fromisoformat(occasion)
    )


async def _draft(session: AsyncSession, command: WritePlans, hall: Hall, now: datetime) -> Plan:
    params = dict(command.params)
    if command.message_class == HOLIDAY:
        name = await _festival(session, hall, date.fromisoformat(command.occasion))
        approved = await templates.get_approved(session, command.template)
        params |= {FESTIVAL: name} if FESTIVAL in approved.params and FESTIVAL not in params else {}
    await check_content(session, command.message_class, command.template, params)
    return Plan.draft(
        hall=hall.code, county=hall.county, message_class=command.message_class, occasion=command.occasion,
        template=command.template, params=params, author=command.author, now=now,
    )  # fmt: skip


async def _festival(session: AsyncSession, hall: Hall, day: date) -> str:
    """The name under which the hall greets on that day. Raises PlanInvalid where it does not."""
    days = await calendar.calendar_of(session, hall.code, hall.county, day, day)
    greeted = days.festivals(day, day)
    if not greeted:
        raise PlanInvalid(reason=f"{hall.code} 的节假日历里 {day.isoformat()} 不是问候日")
    return greeted[0][1]
