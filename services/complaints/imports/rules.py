"""How a row of a 10086 extract is read: columns by their headings, wherever they stand, and why a row is refused."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.spreadsheets import Row, as_moment, fold

MOST_ROWS = 50_000
DEFAULT_SOURCE = "10086"
LONGEST_CONTENT = 2000
HEADINGS = {
    "工单号": "number", "工单编号": "number", "工单流水号": "number",
    "来源": "source", "工单来源": "source",
    "受理时间": "received_at", "投诉时间": "received_at",
    "客户号码": "phone", "投诉号码": "phone", "受理号码": "phone", "手机号码": "phone",
    "投诉分类": "category", "投诉类型": "category", "分类": "category",
    "投诉内容": "content", "内容": "content", "投诉描述": "content",
    "派往营业厅": "hall", "营业厅": "hall", "派单营业厅": "hall", "营业厅名称": "hall",
    "要求办结时间": "due_at", "办结时限": "due_at",
    "状态": "status", "工单状态": "status",
    "更新时间": "updated_at", "最后更新时间": "updated_at",
}  # fmt: skip
REQUIRED = {
    "number": "工单号",
    "received_at": "受理时间",
    "phone": "客户号码",
    "category": "投诉分类",
    "hall": "派往营业厅",
}
SEARCHED_FOR_HEADINGS = 30
YEARS = 2000, 2100

_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
_MOBILE = re.compile(r"(\+?86)?1[3-9]\d{9}")
_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{2,63}")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A row that can be read. `phone` is as typed: whoever keeps the row seals it first."""

    line: int
    number: str
    source: str
    received_at: datetime
    phone: str = field(repr=False)
    category: str
    content: str
    hall: str
    due_at: datetime | None
    status: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot, and why, in words for the person who corrects it."""

    line: int
    number: str | None
    code: str
    detail: str


class HeadingsMissing(ValueError):
    """No headings, or not all of them; the text names those needed, in Chinese."""


class TooManyRows(ValueError):
    """More rows than one file may have."""


class _Refused(Exception):
    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(code)


def read_orders(rows: Iterable[Row]) -> Iterator[OrderRow | BadRow]:
    """The orders of a sheet; titles above the headings and notes below the table are passed over.

    Raises HeadingsMissing, TooManyRows.
    """
    columns: Mapping[str, int] | None = None
    count = 0
    for place, row in enumerate(rows):
        if columns is None:
            columns = _columns(row)
            if columns is None and place >= SEARCHED_FOR_HEADINGS:
                break
        elif not _is_note(row):
            count += 1
            if count > MOST_ROWS:
                raise TooManyRows
            yield _order(row, columns)
    if columns is None:
        raise HeadingsMissing("、".join(REQUIRED.values()))


def _columns(row: Row) -> Mapping[str, int] | None:
    """Where each column stands, when this is the row of headings."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row.cells):
        name = HEADINGS.get("".join(fold(cell).split()).strip("*:"))
        if name is not None:
            found.setdefault(name, place)
    if "number" not in found or len(found) < 3:
        return None
    missing = [heading for name, heading in REQUIRED.items() if name not in found]
    if missing:
        raise HeadingsMissing("、".join(missing))
    return found


def _is_note(row: Row) -> bool:
    """A remark below the table fills one cell."""
    return sum(bool(cell) for cell in row.cells) == 1


def _order(row: Row, columns: Mapping[str, int]) -> OrderRow | BadRow:
    cells = {name: row.cells[at] if at < len(row.cells) else "" for name, at in columns.items()}
    number: str | None = None
    try:
        number = _order_number(cells["number"])
        received = _moment(cells["received_at"], "受理时间")
        updated = _moment(cells["updated_at"], "更新时间") if cells.get("updated_at") else received
        return OrderRow(
            line=row.line, number=number, source=fold(cells.get("source", ""))[:20] or DEFAULT_SOURCE,
            received_at=received, phone=_phone(cells["phone"]), category=_filled(cells["category"], "投诉分类")[:64],
            content=cells.get("content", "")[:LONGEST_CONTENT], hall=_filled(cells["hall"], "派往营业厅")[:60],
            due_at=_moment(cells["due_at"], "要求办结时间") if cells.get("due_at") else None,
            status=fold(cells.get("status", ""))[:40] or "处理中", updated_at=updated,
        )  # fmt: skip
    except _Refused as refused:
        return BadRow(row.line, number, refused.code, refused.detail)


def _order_number(cell: str) -> str:
    text = "".join(fold(cell).split())
    if not text:
        raise _Refused("number-missing", "缺少工单号")
    if _SCIENTIFIC.fullmatch(text):
        raise _Refused("number-rounded", "工单号被表格软件改成了科学计数法，请把该列设为文本后重新导出")
    if whole := _WHOLE_FLOAT.fullmatch(text):
        text = whole[1]
    if _MOBILE.fullmatch(text):
        raise _Refused("number-is-phone", "工单号一列填的是手机号码，请检查各列是否错位")
    if not _NUMBER.fullmatch(text):
        raise _Refused("number-invalid", "工单号应为 3 至 64 位数字或字母")
    return text


def _phone(cell: str) -> str:
    text = "".join(fold(cell).split())
    if not text:
        raise _Refused("phone-missing", "缺少客户号码")
    whole = _WHOLE_FLOAT.fullmatch(text)
    return whole[1] if whole else text


def _moment(cell: str, heading: str) -> datetime:
    if not cell:
        raise _Refused("time-missing", f"缺少{heading}")
    try:
        at = as_moment(cell)
    except (ValueError, OverflowError):
        raise _Refused("time-invalid", f"{heading}无法识别，应写作 2026-11-03 09:12:40") from None
    if not YEARS[0] <= at.year <= YEARS[1]:
        raise _Refused("time-invalid", f"{heading}的年份不对，请核对")
    return at


def _filled(cell: str, heading: str) -> str:
    text = fold(cell)
    if not text:
        raise _Refused("cell-missing", f"缺少{heading}")
    return text
