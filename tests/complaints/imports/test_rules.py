"""Reading rows: columns wherever they stand, notes passed over, and reasons that help."""

import pytest

from services.complaints.imports import rules
from services.complaints.imports.rules import BadRow, HeadingsMissing, OrderRow, TooManyRows, read_orders
from shared.spreadsheets import Row
from tests.complaints.imports.files import HEADINGS, a_row


def sheet(*rows: object, headings: tuple[str, ...] = HEADINGS) -> list[Row]:
    lines = [headings, *rows]
    return [Row(n, tuple(str(cell) for cell in cells)) for n, cells in enumerate(lines, start=1)]  # type: ignore[attr-defined]


def only(*cells: object) -> OrderRow | BadRow:
    [row] = read_orders(sheet(tuple(cells)))
    return row


def test_a_row_is_read_with_its_times_of_shanghai() -> None:
    row = only(*a_row())
    assert isinstance(row, OrderRow)
    assert (row.number, row.hall, row.source) == ("20261103000123", "资中大十字营业厅", "10086")
    assert row.received_at.isoformat() == "2026-11-03T01:12:40+00:00"


def test_columns_are_found_by_their_headings_below_a_title_and_above_a_note() -> None:
    turned = tuple(reversed(HEADINGS))
    lines = [Row(1, ("10086投诉工单",)), Row(2, ("", *turned)), Row(3, ("", *map(str, reversed(a_row())))),
             Row(5, ("注：以上工单请按时办结",))]  # fmt: skip
    [row] = read_orders(lines)
    assert isinstance(row, OrderRow)
    assert (row.line, row.category) == (3, "未经同意开通业务")


def test_a_row_without_times_of_change_or_deadline_takes_what_there_is() -> None:
    row = only(*a_row(due="", updated="", status=""))
    assert isinstance(row, OrderRow)
    assert (row.due_at, row.updated_at, row.status) == (None, row.received_at, "处理中")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": ""}, "number-missing"),
        ({"number": "2.02611E+13"}, "number-rounded"),
        ({"number": "13900000002"}, "number-is-phone"),
        ({"number": "工单一"}, "number-invalid"),
        ({"phone": ""}, "phone-missing"),
        ({"received": ""}, "time-missing"),
        ({"received": "昨天"}, "time-invalid"),
        ({"due": "尽快"}, "time-invalid"),
        ({"received": "0001-01-01 00:00:00"}, "time-invalid"),
        ({"received": "9999-12-31 23:00:00"}, "time-invalid"),
        ({"category": ""}, "cell-missing"),
        ({"hall": ""}, "cell-missing"),
    ],
)
def test_a_bad_row_says_why_in_chinese(change: dict[str, str], code: str) -> None:
    row = only(*a_row(**change))
    assert isinstance(row, BadRow)
    assert row.code == code
    assert not row.detail.isascii()


def test_full_width_digits_and_numbers_as_floats_are_read() -> None:
    row = only(*a_row(number="２０２６１１０３０００１２３", phone="13900000002.0"))
    assert isinstance(row, OrderRow)
    assert (row.number, row.phone) == ("20261103000123", "13900000002")


def test_a_file_without_the_headings_is_refused_by_name() -> None:
    with pytest.raises(HeadingsMissing, match="客户号码"):
        list(read_orders(sheet(a_row(), headings=("工单号", "来源", "受理时间", "投诉分类"))))
    with pytest.raises(HeadingsMissing):
        list(read_orders([Row(1, ("a", "b"))]))


def test_a_file_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_ROWS", 2)
    with pytest.raises(TooManyRows):
        list(read_orders(sheet(*[a_row()] * 3)))
