"""Sheets of the tests, as halls keep them."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl

HEADINGS = (
    *("客户经理姓名(营业员工号)", "手机号码", "客户姓名", "品牌", "年龄阶段", "性别", "消费额度区间"),
    *("用机习惯", "业务偏好", "服务短信发送次数", "营销推荐情况", "服务和投诉信息", "入档时间"),
    *("同意入档", "同意服务短信", "同意节日问候", "同意营销短信"),
)
LEGENDS = ("品牌代号：1 全球通；2 动感；3 神州行", "年龄阶段：1 18岁以下；2 18-25；3 25-35；4 35以上")


def a_line(phone: Any = "13908320001", **changes: Any) -> list[Any]:
    usual = {
        "clerk": "张强(ZZ0101)", "phone": phone, "name": "李锐", "brand": 2, "age": 2, "gender": "男", "spend": 1,
        "habits": "4", "preferences": "4", "count": 0, "recommended": None, "services": None, "at": "2010.6.24",
        "archive": "是", "service": "是", "holiday": "是", "marketing": "否",
    }  # fmt: skip
    return list({**usual, **changes}.values())


def a_sheet(
    lines: Iterable[Sequence[Any]], hall: str = "大十字营业厅", headings: Sequence[Any] = HEADINGS
) -> list[Sequence[Any]]:
    above: list[Sequence[Any]] = [
        ["内江移动渠道商家顾客管理档案"],
        ["区县：资中", None, None, f"营业厅名称：{hall}", None, None, None, "更新时间：2010.6.24"],
    ]
    return [*above, headings, *lines, [], *([legend] for legend in LEGENDS)]


def as_xlsx(rows: Iterable[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    sheet.merge_cells("A1:Q1")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def as_csv(rows: Iterable[Sequence[Any]], encoding: str = "utf-8-sig") -> bytes:
    lines = [",".join(_quoted(cell) for cell in row) for row in rows]
    return "\r\n".join(lines).encode(encoding)


def _quoted(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return f'"{text}"' if "," in text else text
