"""How untidy lines are read: full-width digits, floats, labels, notes, dates, and words for what is wrong."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.archive.rules import Code, CodeTables
from services.customer.consent.rules import Purpose
from services.customer.imports.rules import form, reading
from services.customer.imports.rules.form import HEADINGS, Column, Layout
from services.customer.imports.rules.reading import Entry
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from tests.customer.imports.sheets import a_line

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
CLERKS = {"ZZ0101": "张强", "ZZ0102": "刘敏", "ZZ0103": "刘敏"}
AGES: list[tuple[int | None, int | None]] = [(None, 18), (18, 25), (25, 35), (35, None)]
LABELS = {
    "brand": ("全球通", "动感地带", "神州行"),
    "spend_band": ("30-80元", "80-120元", "120-200元", "200以上"),
    "habit": ("经常关机", "常拨同号", "短信", "上网"),
    "preference": ("商务", "生活资讯", "游戏娱乐", "音乐"),
}
TABLES = CodeTables(
    [
        *(Code("age_band", n, f"{lower}-{upper}", lower, upper) for n, (lower, upper) in enumerate(AGES, 1)),
        *(Code(kind, n, label) for kind, labels in LABELS.items() for n, label in enumerate(labels, 1)),
    ]
)


def cells(**changes: Any) -> list[str]:
    return ["" if cell is None else str(cell) for cell in a_line(**changes)]


def entry(**changes: Any) -> Entry:
    read = reading.read_entry(cells(**changes), TABLES, CLERKS, NOW)
    assert isinstance(read, Entry)
    return read


def refusals(**changes: Any) -> list[tuple[str, str]]:
    read = reading.read_entry(cells(**changes), TABLES, CLERKS, NOW)
    assert isinstance(read, list)
    return [(refusal.code, refusal.detail) for refusal in read]


def test_the_regimes_own_line_is_read() -> None:
    read = entry()
    assert (read.clerk, read.profile.name, read.profile.brand, read.profile.gender) == (
        "ZZ0101",
        "李锐",
        2,
        "male",
    )
    assert (read.profile.habits, read.profile.preferences, read.sms_count) == ((4,), (4,), 0)
    assert read.archived_at == datetime(2010, 6, 23, 16, tzinfo=UTC)
    assert read.answers == {
        Purpose.ARCHIVE: True, Purpose.SERVICE_SMS: True, Purpose.HOLIDAY_SMS: True, Purpose.MARKETING_SMS: False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "codes", "note"),
    [
        ("4", (4,), None),
        ("2,3", (2, 3), None),
        ("３、２；４", (2, 3, 4), None),
        ("1;备注：夜间关机", (1,), "夜间关机"),
        ("其他：钓鱼", (), "钓鱼"),
        ("2 其它 爱听戏", (2,), "爱听戏"),
        ("4.0", (4,), None),
        ("短信，上网", (3, 4), None),
        ("", (), None),
    ],
)
def test_several_codes_and_a_note_are_told_apart(text: str, codes: tuple[int, ...], note: str | None) -> None:
    assert reading.codes_in(text, "habit", TABLES) == (codes, note, [])


@given(st.lists(st.sampled_from([1, 2, 3, 4]), unique=True).map(sorted), st.none() | st.just("夜间关机"))
def test_what_is_written_is_read_back(codes: list[int], note: str | None) -> None:
    for word in ("备注", "其他"):
        written = form.codes_text(codes, note, word)
        assert reading.codes_in(written, "habit", TABLES) == (tuple(codes), note, [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2", 2),
        ("２", 2),
        ("2.0", 2),
        ("动感地带", 2),
        ("2 动感地带", 2),
        ("2.动感地带", 2),
        ("1 动感地带", None),
        ("9", None),
        ("", None),
    ],
)
def test_a_code_may_be_a_number_a_label_or_both(text: str, code: int | None) -> None:
    assert reading.code_in(text, "brand", TABLES) == code


@pytest.mark.parametrize(("text", "code"), [("25岁", 3), ("17岁", 1), ("35 岁", 4)])
def test_an_age_falls_into_its_band(text: str, code: int) -> None:
    assert reading.code_in(text, "age_band", TABLES) == code


@pytest.mark.parametrize(
    ("text", "staff_no"),
    [
        ("张强(ZZ0101)", "ZZ0101"),
        ("张强（ZZ0101）", "ZZ0101"),
        ("ZZ0102", "ZZ0102"),
        ("张强", "ZZ0101"),
        ("刘敏", None),
        ("王五(9)", None),
    ],
)
def test_the_clerk_is_found_by_number_or_by_a_name_only_one_has(text: str, staff_no: str | None) -> None:
    assert reading.clerk_in(text, CLERKS) == staff_no


@pytest.mark.parametrize(
    "text",
    ["2010.6.24", "2010-06-24", "2010/6/24", "2010年6月24日", "40353", "40353.0", "2010-06-24 00:00:00"],
)
def test_a_date_is_recognised_as_people_and_spreadsheets_write_it(text: str) -> None:
    assert reading.moment_in(text) == datetime(2010, 6, 23, 16, tzinfo=UTC)


def test_everything_that_is_wrong_with_a_line_is_told_at_once() -> None:
    wrong = refusals(
        clerk="王五(9)",
        name="",
        brand="9",
        gender="？",
        at="去年",
        count="多",
        habits="8",
        preferences="其他：" + "长" * 101,
    )
    assert [code for code, _ in wrong] == [
        "clerk-unknown", "code-unknown", "text-too-long", "name-missing", "code-unknown", "gender-unknown",
        "date-invalid", "count-invalid",
    ]  # fmt: skip
    assert all(detail.partition("：")[0] in HEADINGS.values() for _, detail in wrong)
    assert refusals(at="2027.1.1") == [("date-invalid", "入档时间：早于 1990 年或晚于今天。")]


@pytest.mark.parametrize("said", ["否", "", "不知道", "N", "0"])
def test_without_agreement_neither_number_nor_cells_are_kept(said: str) -> None:
    received = reading.receive(4, cells(archive=said), PhoneBook(KeyRing.generate()))
    assert (received.cells, received.sealed, received.phone) == (None, None, None)
    assert received.refusal is not None
    assert received.refusal.code == "consent-required"


@pytest.mark.parametrize(
    "text", ["13908320001", "１３９ ０８３２ ０００１", "+8613908320001", "13908320001.0", "139-0832-0001"]
)
def test_a_number_is_sealed_however_it_is_written(text: str) -> None:
    phones = PhoneBook(KeyRing.generate())
    received = reading.receive(4, cells(phone=text), phones)
    assert received.phone is not None
    assert received.phone.index == phones.index("13908320001")
    assert received.cells is not None
    assert received.cells[Column.PHONE] == ""


def test_what_is_no_number_is_sealed_too_and_comes_back_for_correction() -> None:
    phones = PhoneBook(KeyRing.generate())
    received = reading.receive(4, cells(phone="1390832000"), phones)
    assert received.phone is None
    assert phones.open(received.sealed or "") == "1390832000"
    assert "1390832000" not in str(received.cells)


def test_columns_are_found_wherever_they_stand() -> None:
    layout = Layout.of(["序号", "同意入档", " 客户姓名 ", "手机 号码", "客户经理姓名（营业员工号）"])
    assert layout is not None
    ordered = layout.in_order(["1", "是", "李锐", "13908320001"])
    assert (ordered[Column.NAME], ordered[Column.PHONE], ordered[Column.ARCHIVE]) == (
        "李锐",
        "13908320001",
        "是",
    )
    assert ordered[Column.CLERK] == ordered[Column.BRAND] == ""
    assert Layout.of(["区县：资中", "营业厅名称：大十字营业厅"]) is None
