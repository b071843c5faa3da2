"""How a line of the operator's off-net list is read: lists are untidy, what is unclear is refused in words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.customer.imports.rules.reading import OLDEST, Refusal, moment_in
from shared import clock
from shared.phones import InvalidPhone, PhoneBook, SealedPhone, hide_numbers
from shared.spreadsheets import InvalidCell, fold

PHONE_HEADINGS = frozenset({
    "手机号码", "手机号", "号码", "电话号码", "用户号码", "服务号码", "离网号码", "phone", "msisdn", "mobile",
})  # fmt: skip
LEFT_HEADINGS = frozenset({
    "离网时间", "离网日期", "离网日", "销户时间", "销户日期", "拆机时间", "拆机日期", "日期", "时间",
    "leftdate", "leftat", "left_date", "left_at", "date",
})  # fmt: skip
LONGEST_PHONE, LONGEST_DATE = 64, 40
_FLOAT = re.compile(r"(\d+)\.0+")

NOT_ARCHIVED = Refusal("not-archived", "不是您管辖范围内的在档客户，无需处理。")
ALREADY_LEFT = Refusal("already-left", "此前已登记离网。")
ARCHIVED_SINCE = Refusal("archived-since", "离网在前、入档在后：号码已换了主人，现在的客户不受影响。")
DATE_INVALID = Refusal("date-invalid", "离网时间不是日期，应写作 2026.11.24 这样的形式。")
DATE_IN_FUTURE = Refusal("date-invalid", "离网时间晚于今天或早于 1990 年。")


class Layout:
    """Where the number and the date are in one file."""

    def __init__(self, phone: int, left: int | None) -> None:
        self._phone, self._left = phone, left

    @classmethod
    def of(cls, headings: Sequence[str]) -> "Layout | None":
        """None when this is not the row of headings."""
        bare = [fold(cell).replace(" ", "").lower() for cell in headings]
        phones = [at for at, cell in enumerate(bare) if cell in PHONE_HEADINGS]
        dates = [at for at, cell in enumerate(bare) if cell in LEFT_HEADINGS]
        return cls(phones[0], dates[0] if dates else None) if phones else None

    def phone_and_date(self, cells: Sequence[str]) -> tuple[str, str]:
        return _at(cells, self._phone), _at(cells, self._left)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is kept until it is worked on: the number sealed, the date as written."""

    line: int
    sealed: str
    phone: SealedPhone | None
    left_text: str


def receive(line: int, phone: str, left: str, phones: PhoneBook) -> Line | None:
    """None for what is no line of the list: blank ones, and notes below it."""
    text = _FLOAT.sub(r"\1", phone.strip())[:LONGEST_PHONE]
    if not any(char.isdigit() for char in text):
        return None
    left_text = hide_numbers(left.strip())[:LONGEST_DATE]
    try:
        sealed = phones.seal(text)
    except InvalidPhone:
        return Line(line, phones.seal_text(text), None, left_text)
    return Line(line, sealed.enc, sealed, left_text)


def left_at(text: str, now: datetime) -> datetime | Refusal:
    """When the number left; a list without a date says that it has left by now."""
    if not text:
        return now
    try:
        at = moment_in(text)
    except (InvalidCell, OverflowError):
        return DATE_INVALID
    return at if OLDEST <= at <= now else DATE_IN_FUTURE


def is_of_the_former_holder(left: datetime, archived_at: datetime) -> bool:
    """Whether the number left before this customer was archived with it; lists know days only, so days count."""
    return clock.business_date(left) < clock.business_date(archived_at)


def may_be_cleaned(month: str, now: datetime) -> bool:
    return month <= clock.month_of(now)


def _at(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""
