"""Single cells: what people type is folded, dates are recognised, and nothing written is taken for a formula."""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from shared.clock import SHANGHAI

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_DATE = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?", re.ASCII)
_TIME = re.compile(r"[\sT]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?秒?)?分?", re.ASCII)


class InvalidCell(ValueError):
    """The cell does not hold what its column promises."""


def guard(text: str) -> str:
    """`text` with an apostrophe in front where a spreadsheet would run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """The inverse of `guard`: what was written is read back unchanged."""
    return text[1:] if _GUARDED.match(text) else text


def fold(text: str) -> str:
    """Full-width letters, digits and punctuation as half-width, blanks collapsed: for codes, numbers, headings."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def as_date(text: str) -> date:
    """The date in a cell: 2010.6.24, 2010-06-24, 2010/6/24, 2010年6月24日, with or without a time behind."""
    day, _ = _date_and_rest(fold(text))
    return day


def as_moment(text: str) -> datetime:
    """The moment in a cell, in UTC; without a time the day's first moment, without an offset Shanghai time."""
    folded = fold(text)
    try:
        at = datetime.fromisoformat(folded)
    except ValueError:
        at = _spelled_moment(folded)
    return (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def as_text(value: Any) -> str:
    """How a value is written: moments in Shanghai time, decimals without exponent, nothing as an empty cell."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        at = value.astimezone(SHANGHAI) if value.tzinfo else value
        return f"{at:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


def _spelled_moment(text: str) -> datetime:
    day, rest = _date_and_rest(text)
    if not rest:
        return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    match = _TIME.fullmatch(rest)
    if match is None:
        raise InvalidCell(f"not a time: {text!r}")
    hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=SHANGHAI)
    except ValueError:
        raise InvalidCell(f"not a time: {text!r}") from None


def _date_and_rest(text: str) -> tuple[date, str]:
    match = _DATE.match(text)
    rest = text[match.end() :].strip() if match else ""
    if match is None or (rest and _TIME.fullmatch(rest) is None):
        raise InvalidCell(f"not a date: {text!r}")
    try:
        return date(*(int(part) for part in match.groups())), rest
    except ValueError:
        raise InvalidCell(f"not a date: {text!r}") from None
