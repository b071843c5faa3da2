"""Which days are worked and which are greeted on: the most exact place decides, unknown years go by the weekday."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, Protocol

Kind = Literal["statutory", "makeup", "lunar", "solar", "local"]
KINDS: tuple[Kind, ...] = ("statutory", "makeup", "lunar", "solar", "local")
KIND_NAMES: dict[Kind, str] = {
    "statutory": "法定放假",
    "makeup": "调休上班",
    "lunar": "农历节日",
    "solar": "公历节日",
    "local": "本地节日",
}
EVERYWHERE = "*"
SATURDAY = 6
KIND_WORDS: dict[str, Kind] = {
    **{word: kind for kind, word in KIND_NAMES.items()},
    **{kind: kind for kind in KINDS},
    "放假": "statutory",
    "调休": "makeup",
    "上班": "makeup",
    "农历": "lunar",
    "公历": "solar",
    "本地": "local",
}
HEADINGS = ("日期", "类型", "名称", "地点", "问候")
YES = {"是": True, "Y": True, "1": True, "": False, "否": False, "N": False, "0": False}


class Day(Protocol):
    """What is noted about a day at a place."""

    day: date
    place: str
    name: str
    is_workday: bool | None
    greeted: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """A day as a source or a file tells it."""

    day: date
    kind: Kind
    name: str
    is_workday: bool | None
    greeted: bool
    place: str = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line of a file that cannot be taken, and why."""

    line: int
    detail: str


class HallCalendar:
    """The days as one hall knows them."""

    def __init__(self, days: Iterable[Day], hall: str, county: str) -> None:
        """Of several notes about a day the hall's own comes before its county's and that before everybody's."""
        exactness = {EVERYWHERE: 0, county: 1, hall: 2}
        known = [day for day in days if day.place in exactness]
        self._days: dict[date, list[Day]] = {}
        for day in sorted(known, key=lambda d: exactness[d.place], reverse=True):
            self._days.setdefault(day.day, []).append(day)

    def is_workday(self, day: date) -> bool:
        noted = (d.is_workday for d in self._days.get(day, ()) if d.is_workday is not None)
        return next(noted, day.isoweekday() < SATURDAY)

    def workdays(self, first: date, last: date) -> list[date]:
        return [day for day in days_between(first, last) if self.is_workday(day)]

    def festivals(self, first: date, last: date) -> list[tuple[date, str]]:
        """The days to greet on, each with its name: what is noted most exactly says whether and how."""
        noted = ((day, self._days[day][0]) for day in sorted(self._days) if first <= day <= last)
        return [(day, d.name) for day, d in noted if d.greeted]


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from one to the other, both included."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def merged(days_off: Iterable[Noted], festivals: Iterable[Noted]) -> list[Noted]:
    """One note a day: a festival on a day off is that day off, under the festival's name."""
    found = {noted.day: noted for noted in days_off}
    for festival in festivals:
        off = found.get(festival.day)
        found[festival.day] = replace(off, name=festival.name, greeted=festival.greeted) if off else festival
    return [found[day] for day in sorted(found)]


def years_wanted(today: date) -> tuple[int, ...]:
    """The years that must be known: this one, and in December the next."""
    return (today.year, today.year + 1) if today.month == 12 else (today.year,)


def read_row(line: int, cells: Sequence[str]) -> Noted | Wrong:
    """One line of a calendar file in the order of HEADINGS."""
    date_text, kind_text, name, place, greeted = (*cells, *[""] * len(HEADINGS))[: len(HEADINGS)]
    kind = KIND_WORDS.get(kind_text)
    try:
        day = date.fromisoformat(date_text[:10].replace("/", "-"))
    except ValueError:
        return Wrong(line, f"第 {line} 行：日期“{date_text}”应写成 2027-01-01 的形式。")
    if kind is None:
        return Wrong(line, f"第 {line} 行：类型“{kind_text}”应为{'、'.join(KIND_NAMES.values())}之一。")
    if not name or len(name) > 40:
        return Wrong(line, f"第 {line} 行：名称应为 1 至 40 个字。")
    if greeted.upper() not in YES:
        return Wrong(line, f"第 {line} 行：问候应写“是”或“否”。")
    return Noted(day, kind, name, is_workday_of(kind), YES[greeted.upper()], place or EVERYWHERE)


def is_workday_of(kind: str) -> bool | None:
    """What the kind says about working that day; a festival alone says nothing."""
    return {"statutory": False, "makeup": True}.get(kind)
