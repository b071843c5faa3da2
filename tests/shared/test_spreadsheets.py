"""Files as halls really send them, and files that must open well at the office."""

import csv
import datetime as dt
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles.numbers import FORMAT_DATE_YYYYMMDD2

from shared import spreadsheets
from shared.spreadsheets import InvalidCell, Row, UnreadableFile

HEADING = ("手机号码", "客户姓名")


def first_sheet(content: bytes) -> Any:
    """Seen by a second program."""
    return openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]


def read(content: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in spreadsheets.read_rows(io.BytesIO(content))]


def an_xlsx(*rows: list[Any], edit: Callable[[Any], None] = lambda sheet: None) -> bytes:
    """As another program writes it: with shared strings and styles."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    edit(sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def a_raw_xlsx(sheet: str, **parts: str) -> bytes:
    """A workbook made by hand, for XML that no decent program writes."""
    files = {
        "xl/workbook.xml": '<workbook><sheets><sheet name="a" r:id="r1" xmlns:r="r"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<x><Relationship Id="r1" Target="worksheets/sheet1.xml"/></x>',
        "xl/worksheets/sheet1.xml": sheet,
    } | {f"xl/{name}.xml": content for name, content in parts.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def written(*rows: list[Any]) -> bytes:
    book = spreadsheets.Workbook("档案")
    for row in rows:
        book.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# --- XLSX in ---


def test_numbers_typed_as_numbers_come_out_as_people_see_them() -> None:
    content = an_xlsx([13900000001, 13900000002.0, 0.1 + 0.2, 2, -1.5, 1e15, 0, 1e-7])
    assert read(content) == [
        ("13900000001", "13900000002", "0.3", "2", "-1.5", "1000000000000000", "0", "0.0000001"),
    ]


def test_dates_come_out_as_dates_and_moments_as_moments() -> None:
    content = an_xlsx([dt.datetime(2010, 6, 24), dt.datetime(2026, 11, 3, 9, 12, 40), dt.date(2026, 2, 28)])  # noqa: DTZ001
    assert read(content) == [("2010-06-24", "2026-11-03 09:12:40", "2026-02-28")]


def test_a_date_style_of_the_halls_own_is_a_date_too() -> None:
    def style(sheet: Any) -> None:
        sheet["A1"].number_format = 'yyyy"年"m"月"d"日"'
        sheet["B1"].number_format = FORMAT_DATE_YYYYMMDD2
        sheet["C1"].number_format = "0.00"

    assert read(an_xlsx([40353, 40353, 40353], edit=style)) == [("2010-06-24", "2010-06-24", "40353")]


def test_dates_of_old_macintosh_workbooks_are_right() -> None:
    sheet = '<worksheet><sheetData><row r="1"><c r="A1" s="1"><v>38891</v></c></row></sheetData></worksheet>'
    content = a_raw_xlsx(
        sheet,
        workbook='<w><workbookPr date1904="1"/><sheet name="a" r:id="r1" xmlns:r="r"/></w>',
        styles='<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    )
    assert read(content) == [("2010-06-24",)]


def test_chinese_date_styles_without_a_code_are_dates() -> None:
    sheet = '<worksheet><sheetData><row r="1"><c r="A1" s="0"><v>40353</v></c></row></sheetData></worksheet>'
    styles = '<styleSheet><cellXfs><xf numFmtId="31"/></cellXfs></styleSheet>'
    assert read(a_raw_xlsx(sheet, styles=styles)) == [("2010-06-24",)]


def test_blank_rows_are_left_out_and_lines_keep_their_numbers() -> None:
    content = an_xlsx(["a"], [], [None, "  "], ["", "b", "", None])
    assert list(spreadsheets.read_rows(io.BytesIO(content))) == [Row(1, ("a",)), Row(4, ("", "b"))]


def test_text_is_trimmed_and_rich_text_joined_without_its_readings() -> None:
    sheet = """<x:worksheet xmlns:x="y"><x:sheetData><x:row>
      <x:c t="inlineStr"><x:is><x:r><x:t> 李</x:t></x:r><x:r><x:t>锐 </x:t></x:r>
        <x:rPh sb="0" eb="1"><x:t>LI</x:t></x:rPh></x:is></x:c>
      <x:c t="s"><x:v>0</x:v></x:c><x:c t="str"><x:f>A1</x:f><x:v>算出</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c>
      <x:c r="H1" t="e"><x:v>#N/A</x:v></x:c></x:row></x:sheetData></x:worksheet>"""
    strings = "<sst><si><r><t>王</t></r><r><t>芳</t></r><rPh><t>WANG</t></rPh></si></sst>"
    assert read(a_raw_xlsx(sheet, sharedStrings=strings)) == [
        ("李锐", "王芳", "算出", "TRUE", "", "", "", "#N/A"),
    ]


def test_a_formula_gives_the_value_it_had_and_never_its_text() -> None:
    sheet = '<worksheet><row><c r="A1"><f>HYPERLINK("x")</f><v>3</v></c><c r="B1"><f>1+1</f></c></row></worksheet>'
    assert read(a_raw_xlsx(sheet)) == [("3",)]


def test_the_first_visible_sheet_is_read() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["隐藏"])
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("档案").append(["看得见"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert read(buffer.getvalue()) == [("看得见",)]


def test_a_stray_cell_in_the_last_corner_costs_nothing() -> None:
    def stray(sheet: Any) -> None:
        sheet["XFD1048576"] = "x"

    assert read(an_xlsx(["a"], edit=stray)) == [("a",)]


@pytest.mark.parametrize(
    "sheet",
    [
        "<worksheet><sheetData><row>",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>',
        '<worksheet><sheetData><row><c r="A1" t="s"><v>9</v></c></row></sheetData></worksheet>',
        '<worksheet><sheetData><row r="one"/></sheetData></worksheet>',
        '<worksheet><sheetData><row><c r="!1"><v>1</v></c></row></sheetData></worksheet>',
        f'<worksheet><sheetData><row><c t="str"><v>{"x" * 40_000}</v></c></row></sheetData></worksheet>',
    ],
)
def test_a_sheet_that_is_broken_or_hostile_is_refused(sheet: str) -> None:
    with pytest.raises(UnreadableFile):
        read(a_raw_xlsx(sheet))


def test_a_workbook_that_unpacks_to_absurd_sizes_is_refused() -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(a_raw_xlsx("<worksheet/>", styles="<a>" + " " * (1 << 24) + "</a>"))
    assert "过大" in refused.value.message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "空"),
        (b"\xd0\xcf\x11\xe0 old excel", "xls"),
        (b"PK\x03\x04 and then nothing", "损坏"),
        (an_xlsx(["a"])[:-200], "损坏"),
        (b"\xff\xff\xff\x00\x80", "编码"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_with_what_to_do(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(content)
    assert refused.value.code == "file-unreadable"
    assert reason in refused.value.message


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnreadableFile):
        read(buffer.getvalue())


@given(st.binary(max_size=400))
def test_any_bytes_are_rows_or_refused(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04"):
        try:
            read(start + content)
        except UnreadableFile:
            continue


# --- CSV in ---


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_the_encodings_that_offices_use(encoding: str) -> None:
    assert read("手机号码,客户姓名\r\n13900000001,李锐\r\n".encode(encoding)) == [
        HEADING,
        ("13900000001", "李锐"),
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_separator_is_the_one_in_use(delimiter: str) -> None:
    assert read(f"手机号码{delimiter}客户姓名\n".encode()) == [HEADING]


def test_quotes_line_breaks_and_blank_lines_keep_their_line_numbers() -> None:
    content = b'\n"a ""b""","c\nd"\n\n , \ne\n'
    assert list(spreadsheets.read_rows(io.BytesIO(content))) == [Row(2, ('a "b"', "c\nd")), Row(6, ("e",))]


def test_a_quote_that_never_closes_over_a_long_file_is_refused() -> None:
    with pytest.raises(UnreadableFile):
        read(b'a,b\n"' + b"x\n" * 100_000)


def test_a_line_of_absurd_length_is_refused() -> None:
    with pytest.raises(UnreadableFile):
        read(b"," * (1 << 21))


def test_the_callers_file_stays_open_even_when_reading_stops_early() -> None:
    with SpooledTemporaryFile() as file:
        file.write(b"a\nb\nc\n")
        rows = spreadsheets.read_rows(file)
        assert next(rows).cells == ("a",)
        rows.close()
        assert [row.cells for row in spreadsheets.read_rows(file)] == [("a",), ("b",), ("c",)]


# --- out, and back ---

cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30).map(str.strip)
dangerous = st.tuples(st.sampled_from(["=", "+", "-", "@", "'", "'=", "''-", "＝", "＠"]), cells).map("".join)
tables = st.lists(st.lists(cells | dangerous, min_size=1, max_size=5), max_size=8)


def trimmed(table: list[list[str]]) -> list[tuple[str, ...]]:
    """What is left of a table once blank ends and blank rows are gone."""
    rows = []
    for line in table:
        row = [cell.strip() for cell in line]
        while row and not row[-1]:
            row.pop()
        if row:
            rows.append(tuple(row))
    return rows


@given(tables)
def test_a_csv_file_is_read_back_as_it_was_written(table: list[list[str]]) -> None:
    content = b"".join(spreadsheets.csv_lines([["a", "b", "c", "d", "e", "f"], *table]))
    assert read(content)[1:] == trimmed(table)


@given(tables)
def test_a_workbook_is_read_back_as_it_was_written(table: list[list[str]]) -> None:
    assert read(written(*table)) == trimmed(table)


@given(st.text())
def test_guarding_is_undone_without_loss(text: str) -> None:
    assert spreadsheets.unguard(spreadsheets.guard(text)) == text
    assert spreadsheets.guard(text)[:1] not in {"=", "+", "-", "@", "\t", "\r", "＝"}


def test_no_text_that_is_written_can_run() -> None:
    attack = '=HYPERLINK("http://x","点我")'
    sheet = first_sheet(written([attack, "+1", "@x", "-2+3"]))
    assert [cell.data_type for cell in sheet[1]] == ["s"] * 4
    assert all(cell.value.startswith("'") for cell in sheet[1])
    (line,) = csv.reader(io.StringIO(spreadsheets.csv_line([attack, "\tx"]).decode()))
    assert line == [f"'{attack}", "'\tx"]


def test_numbers_stay_numbers_and_are_not_guarded() -> None:
    sheet = first_sheet(written([3, Decimal("-1.50"), "3"]))
    assert [cell.data_type for cell in sheet[1]] == ["n", "n", "s"]
    assert spreadsheets.csv_line([3, Decimal("-1.50"), Decimal("1E+3"), None]) == b"3,-1.50,1000,\r\n"


def test_moments_are_written_in_shanghai_time_and_answers_in_words() -> None:
    at = dt.datetime(2026, 11, 3, 1, 12, 40, tzinfo=dt.UTC)
    assert spreadsheets.csv_line([at, dt.date(2010, 6, 24), True, False]).decode() == (
        "2026-11-03 09:12:40,2010-06-24,是,否\r\n"
    )


def test_a_csv_file_begins_with_the_mark_that_excel_needs() -> None:
    assert next(spreadsheets.csv_lines([HEADING])) == b"\xef\xbb\xbf"


def test_a_workbook_has_its_title_widths_and_bold_headings() -> None:
    book = spreadsheets.Workbook("资中/大十字:档案[2026]", widths=[20, 12])
    book.append(HEADING, bold=True)
    buffer = io.BytesIO()
    book.save(buffer)
    sheet = first_sheet(buffer.getvalue())
    assert sheet.title == "资中大十字档案2026"
    assert sheet["A1"].font.bold
    assert sheet.column_dimensions["A"].width == 20


def test_characters_that_no_workbook_may_hold_are_left_out() -> None:
    assert read(written(["a\x00b\x0bc"])) == [("abc",)]


def test_a_download_keeps_its_chinese_name() -> None:
    assert spreadsheets.content_disposition("顾客档案 2026-11.xlsx", fallback="archive") == (
        'attachment; filename="archive.xlsx"; '
        "filename*=UTF-8''%E9%A1%BE%E5%AE%A2%E6%A1%A3%E6%A1%88%202026-11.xlsx"
    )
    assert "\n" not in spreadsheets.content_disposition('a"\r\nX: y')


def test_a_long_sheet_is_read_within_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.xlsx"
    row = "".join(f'<c t="inlineStr"><is><t>第{n}列</t></is></c>' for n in range(6))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", '<w><sheet name="a" r:id="r1" xmlns:r="r"/></w>')
        archive.writestr("xl/_rels/workbook.xml.rels", '<x><Relationship Id="r1" Target="/xl/s.xml"/></x>')
        archive.writestr("xl/s.xml", f"<s>{f'<row>{row}</row>' * 20_000}</s>")
    with path.open("rb") as file:
        rows = spreadsheets.read_rows(file)
        next(rows)
        tracemalloc.start()
        assert sum(1 for _ in rows) == 19_999
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4_000_000


# --- cells ---


@pytest.mark.parametrize(
    "text",
    ["2010.6.24", "2010-06-24", "2010/6/24", "2010年6月24日", "２０１０．６．２４", "2010-6-24 0:00:00"],
)
def test_dates_are_read_as_people_write_them(text: str) -> None:
    assert spreadsheets.as_date(text) == dt.date(2010, 6, 24)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-03 09:12:40", "2026-11-03T01:12:40+00:00"),
        ("2026/11/3 9:12", "2026-11-03T01:12:00+00:00"),
        ("2026年11月3日9时12分", "2026-11-03T01:12:00+00:00"),
        ("2026-11-03", "2026-11-02T16:00:00+00:00"),
        ("2026-11-03T09:12:40Z", "2026-11-03T09:12:40+00:00"),
        ("2026-11-03T09:12:40.250+08:00", "2026-11-03T01:12:40.250000+00:00"),
    ],
)
def test_moments_without_offset_are_shanghai_time(text: str, utc: str) -> None:
    assert spreadsheets.as_moment(text).isoformat() == utc


@pytest.mark.parametrize(
    "text", ["", "昨天", "2010.13.1", "2010.2.30", "6.24", "2010-06-24 25:00:00", "2010-06-24x", "40353"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidCell):
        spreadsheets.as_moment(text)
    if "25:00" not in text:
        with pytest.raises(InvalidCell):
            spreadsheets.as_date(text)


@given(st.text())
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    for read_cell in (spreadsheets.as_moment, spreadsheets.as_date):
        try:
            read_cell(text)
        except InvalidCell:
            continue


def test_full_width_headings_and_codes_are_folded() -> None:
    assert spreadsheets.fold("　区县：资中  （１，２） ") == "区县:资中 (1,2)"
