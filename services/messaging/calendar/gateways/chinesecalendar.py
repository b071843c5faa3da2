"""Days off and make-up workdays of the State Council's notice, as the kernel knows them."""

from services.messaging.calendar.rules import Noted
from shared.days_off import ChineseCalendar


class NoticedDays:
    """None for a year whose notice the package does not know yet."""

    name = ChineseCalendar.name

    def days_of(self, year: int) -> list[Noted] | None:
        days = ChineseCalendar().days_of(year)
        if days is None:
            return None
        return [
            Noted(d.day, "makeup" if d.is_workday else "statutory", d.name, d.is_workday, greeted=False)
            for d in days
        ]
