"""Festivals people are greeted on, by the moon and by the sun; the lunar dates come from the `borax` package."""

from datetime import date, timedelta

from borax.calendars.lunardate import LunarDate

from services.messaging.calendar.rules import Noted

LUNAR = {(1, 1): "春节", (1, 15): "元宵节", (5, 5): "端午节", (8, 15): "中秋节", (9, 9): "重阳节"}
SOLAR = {(1, 1): "元旦", (5, 1): "劳动节", (10, 1): "国庆节"}
FIRST, LAST = 1901, 2100


class Festivals:
    """None outside the package's tables."""

    name = "borax"

    def days_of(self, year: int) -> list[Noted] | None:
        if not FIRST <= year <= LAST:
            return None
        lunar = {LunarDate(year, month, day).to_solar_date(): name for (month, day), name in LUNAR.items()}
        lunar[min(lunar) - timedelta(days=1)] = "除夕"
        solar = {date(year, month, day): name for (month, day), name in SOLAR.items()}
        noted = [Noted(day, "lunar", name, None, greeted=name != "除夕") for day, name in lunar.items()]
        return noted + [Noted(day, "solar", name, None, greeted=True) for day, name in solar.items()]
