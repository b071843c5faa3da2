"""The form of the archive's sheet (C3): its columns, headings, legends, and how its cells are written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import IntEnum

from services.customer.archive.rules import CodeTables
from services.customer.consent.rules import Purpose
from shared.spreadsheets import fold

TITLE = "内江移动渠道商家顾客管理档案"
LINE_HEADING, REASON_HEADING = "原行号", "退回原因"


class Column(IntEnum):
    """The columns in the form's order."""

    CLERK = 0
    PHONE = 1
    NAME = 2
    BRAND = 3
    AGE_BAND = 4
    GENDER = 5
    SPEND_BAND = 6
    HABITS = 7
    PREFERENCES = 8
    SMS_COUNT = 9
    RECOMMENDATIONS = 10
    SERVICES = 11
    ARCHIVED_AT = 12
    ARCHIVE = 13
    SERVICE_SMS = 14
    HOLIDAY_SMS = 15
    MARKETING_SMS = 16


HEADINGS: dict[Column, str] = {
    Column.CLERK: "客户经理姓名(营业员工号)",
    Column.PHONE: "手机号码",
    Column.NAME: "客户姓名",
    Column.BRAND: "品牌",
    Column.AGE_BAND: "年龄阶段",
    Column.GENDER: "性别",
    Column.SPEND_BAND: "消费额度区间",
    Column.HABITS: "用机习惯",
    Column.PREFERENCES: "业务偏好",
    Column.SMS_COUNT: "服务短信发送次数",
    Column.RECOMMENDATIONS: "营销推荐情况",
    Column.SERVICES: "服务和投诉信息",
    Column.ARCHIVED_AT: "入档时间",
    Column.ARCHIVE: "同意入档",
    Column.SERVICE_SMS: "同意服务短信",
    Column.HOLIDAY_SMS: "同意节日问候",
    Column.MARKETING_SMS: "同意营销短信",
}
CONSENT_COLUMNS: dict[Purpose, Column] = {
    Purpose.ARCHIVE: Column.ARCHIVE,
    Purpose.SERVICE_SMS: Column.SERVICE_SMS,
    Purpose.HOLIDAY_SMS: Column.HOLIDAY_SMS,
    Purpose.MARKETING_SMS: Column.MARKETING_SMS,
}


class Layout:
    """Where the columns of one file are: people insert, drop and move them."""

    def __init__(self, places: Mapping[Column, int]) -> None:
        self._places = places

    @classmethod
    def of(cls, headings: Sequence[str]) -> "Layout | None":
        """None when this is not the row of headings."""
        known = {_bare(heading): column for column, heading in HEADINGS.items()}
        places = {known[bare]: at for at, cell in enumerate(headings) if (bare := _bare(cell)) in known}
        return cls(places) if {Column.PHONE, Column.NAME} <= places.keys() else None

    def has(self, column: Column) -> bool:
        return column in self._places

    def in_order(self, cells: Sequence[str]) -> list[str]:
        """The cells in the form's order, empty where the file has none."""
        places = (self._places.get(column) for column in Column)
        return [cells[at] if at is not None and at < len(cells) else "" for at in places]


def legends(tables: CodeTables) -> list[str]:
    """The lines below the table that explain its codes."""

    def told(kind: str) -> str:
        return "；".join(f"{code.code} {code.label}" for code in tables.of(kind))

    return [
        f"品牌代号：{told('brand')}",
        f"年龄阶段：{told('age_band')}",
        f"消费额度：{told('spend_band')}",
        f"用机习惯（多选）：{told('habit')}；其他请备注",
        f"业务偏好：{told('preference')}；其他请注明",
    ]


def codes_text(codes: Iterable[int], note: str | None, word: str) -> str:
    """The inverse of `codes_in`: 2,3;备注：夜间关机."""
    listed = ",".join(map(str, codes))
    return ";".join(part for part in (listed, f"{word}：{note}" if note else "") if part)


def date_text(day: date) -> str:
    return f"{day.year}.{day.month}.{day.day}"


def _bare(heading: str) -> str:
    return fold(heading).replace(" ", "")
