"""Extracts of 10086 orders as bytes, in the forms they come in."""

import csv
import io
from collections.abc import Iterable, Sequence

import openpyxl

HEADINGS = (
    "工单号", "来源", "受理时间", "客户号码", "投诉分类", "投诉内容", "派往营业厅", "要求办结时间", "状态", "更新时间",
)  # fmt: skip
NAMES = {"ZZ01": "资中大十字营业厅", "ZZ02": "资中重龙营业厅", "WY01": "威远严陵营业厅"}

Cells = Sequence[object]


def a_row(
    number: str = "20261103000123",
    phone: object = "13900000002",
    *,
    category: str = "未经同意开通业务",
    hall: str = "ZZ01",
    received: str = "2026-11-03 09:12:40",
    due: str = "2026-11-05 09:12:40",
    status: str = "处理中",
    updated: str = "2026-11-03 09:12:40",
    content: str = "客户称未同意开通彩铃",
) -> Cells:
    return (number, "10086", received, phone, category, content, NAMES.get(hall, hall), due, status, updated)


def as_csv(rows: Iterable[Cells], *, encoding: str = "utf-8-sig", headings: Cells = HEADINGS) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Cells], *, above: Iterable[Cells] = (), below: Iterable[Cells] = ()) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (*above, HEADINGS, *rows, *below):
        book.active.append(list(row))
    book.save(content)
    return content.getvalue()
