"""Writing spreadsheets that open well in Excel and WPS: Chinese headings, text that stays text, no formulas."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO
from urllib.parse import quote

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from shared.spreadsheets.cells import as_text, guard

BOM = b"\xef\xbb\xbf"
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_TITLE = 31
_NOT_IN_TITLES = str.maketrans("", "", "[]:*?/\\'")


class Workbook:
    """A workbook of one sheet, written row by row to disk: `append` rows, then `save` once."""

    def __init__(self, title: str, *, widths: Sequence[float] = ()) -> None:
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title.translate(_NOT_IN_TITLES)[:LONGEST_TITLE] or "Sheet1")
        for number, width in enumerate(widths, start=1):
            self._sheet.column_dimensions[get_column_letter(number)].width = width

    def append_title(self, text: str, *, columns: int) -> None:
        """Add the title, as the first row: one large centred cell across the table's columns."""
        cell = WriteOnlyCell(self._sheet, guard(text))
        cell.font, cell.alignment = Font(bold=True, size=14), Alignment(horizontal="center")
        self._sheet.append([cell])
        self._sheet.merged_cells.add(f"A1:{get_column_letter(columns)}1")

    def append(self, cells: Iterable[Any], *, bold: bool = False) -> None:
        """Add a row. Numbers stay numbers; everything else is text, and no text is run."""
        self._sheet.append([self._cell(value, bold=bold) for value in cells])

    def save(self, target: BinaryIO) -> None:
        self._book.save(target)

    def _cell(self, value: Any, *, bold: bool) -> Any:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            content: Any = value
        else:
            content = guard(ILLEGAL_CHARACTERS_RE.sub("", as_text(value)))
        if not bold:
            return content
        cell = WriteOnlyCell(self._sheet, content)
        cell.font = Font(bold=True)
        return cell


def csv_line(cells: Iterable[Any]) -> bytes:
    """One line of a CSV file, without BOM; text that would run as a formula is guarded."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([_csv_text(value) for value in cells])
    return buffer.getvalue().encode(errors="replace")


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """A whole CSV file, BOM first, so that Excel reads it as UTF-8."""
    yield BOM
    for row in rows:
        yield csv_line(row)


def content_disposition(filename: str, *, fallback: str = "export") -> str:
    """The header that saves a download under a Chinese name (RFC 6266), with an ASCII name for old clients."""
    extension = filename.rpartition(".")[2] if "." in filename else ""
    plain = f"{fallback}.{extension}" if extension.isascii() and extension.isalnum() else fallback
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _csv_text(value: Any) -> str:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return as_text(value)
    return guard(as_text(value))
