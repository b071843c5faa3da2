"""Exports: the same figures as the board and the API, in files that open well."""

import csv
import hashlib
import io
from decimal import Decimal
from html.parser import HTMLParser
from urllib.parse import unquote

import openpyxl
import pytest

from services.kpi.feeds.schemas import HEADINGS
from services.kpi.scoring.rules import figures_hash
from shared.events.customer import HallChanged
from tests.kpi.conftest import Caller
from tests.kpi.house import Tell, a_month, an, score, the_house

LEVELS = {"全区": "region", "区县": "county", "营业厅": "hall", "营业员": "clerk"}
COLUMNS = ("得分", "名次", "参评数", "指标代码", "分子", "分母", "指标值", "目标", "权重", "贡献")


class BoardFigures(HTMLParser):
    """Every figure of the board's table, as the page carries it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str | None]] = []
        self.run_sha256 = ""
        self._head: list[str | None] = []
        self._next_is_hash = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._next_is_hash = given.get("id") == "run-sha256"
        if tag == "tr" and "data-subject" in given:
            self._head = [given[f"data-{name}"] for name in ("level", "subject", "score", "rank", "n")]
        if tag == "td" and (figure := given.get("data-figure")):
            self.rows.append([*self._head, *figure.split(";")])

    def handle_data(self, data: str) -> None:
        if self._next_is_hash:
            self.run_sha256, self._next_is_hash = data.strip(), False


@pytest.mark.both_databases
async def test_page_csv_workbook_and_run_hold_the_same_figures(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    run = await score(office)
    page = BoardFigures()
    page.feed((await office.get("/kpi/board", params={"period": "2026-10"})).text)
    assert page.run_sha256 == run["sha256"]
    assert figures_hash(page.rows) == run["sha256"]
    answer = await office.get(f"/kpi/v1/exports/{run['id']}.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (
        figures_hash([[LEVELS[r["层级"]], r["对象编码"], *(exact(r[c]) for c in COLUMNS)] for r in rows])
        == run["sha256"]
    )
    book = await office.get(f"/kpi/v1/exports/{run['id']}.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(book.content), read_only=True).active
    assert sheet is not None
    heading, *cells = list(sheet.iter_rows(values_only=True))
    assert heading == HEADINGS
    found = [dict(zip(HEADINGS, row, strict=True)) for row in cells]
    again = [[LEVELS[str(r["层级"])], r["对象编码"], *(exact(r[c]) for c in COLUMNS)] for r in found]
    assert figures_hash(again) == run["sha256"]


def exact(cell: object) -> object:
    """A cell as a decimal where it is one: files write the zeros that hashes leave away."""
    try:
        return Decimal(str(cell))
    except ArithmeticError:
        return cell


async def test_a_file_is_named_hashed_and_opens_in_excel(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    run = await score(office)
    answer = await office.get(f"/kpi/v1/exports/{run['id']}.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["x-content-sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["x-run-sha256"] == run["sha256"]
    name = answer.headers["content-disposition"].partition("filename*=UTF-8''")[2]
    assert unquote(name) == f"考核成绩_2026-10_{run['id']}.csv"


async def test_a_name_that_looks_like_a_formula_is_text(tell: Tell, caller: Caller) -> None:
    await tell(
        *the_house(), an(HallChanged, code="ZZ01", county="zizhong", version=9, full_name="=1+1"), *a_month()
    )
    office = caller("regional_office")
    run = await score(office)
    rows = (await office.get(f"/kpi/v1/exports/{run['id']}.csv")).content.decode("utf-8-sig")
    assert "'=1+1" in rows
    assert ",=1+1" not in rows


async def test_an_unknown_run_or_form_is_not_found(tell: Tell, caller: Caller) -> None:
    office = caller("regional_office")
    missing = await office.get("/kpi/v1/exports/01990000-0000-7000-8000-000000000000.csv")
    assert (missing.status_code, missing.json()["code"]) == (404, "run-not-found")
    assert (await office.get("/kpi/v1/exports/01990000-0000-7000-8000-000000000000.pdf")).status_code == 422
