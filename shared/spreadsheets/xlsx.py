"""The inside of XLSX files, streamed: the sheet's XML is parsed as it is unpacked and never held as a whole.

A general reader either takes ten times as long or lays the sheet out in memory, where one stray cell in the last
column and row is enough to exhaust it. Document types are refused, and so are files that unpack to absurd sizes.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import IO, Any, NoReturn
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

CHUNK = 1 << 16
MAX_SHEET = 1 << 29
MAX_STRINGS = 1 << 26
MAX_OTHER = 1 << 23
MAX_ROWS = 1 << 20
LONGEST_TEXT = 1 << 15

# Ids 27–36 and 50–58 are dates in the Chinese editions and have no code in the file.
_LOCAL_DATES = {*range(27, 37), *range(50, 59)}
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)


class Damaged(Exception):
    """The file is not a workbook that can be read; the message says why, in Chinese."""


def rows(file: IO[bytes], *, max_columns: int) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every row of the first visible sheet; cells beyond `max_columns` are ignored."""
    try:
        with zipfile.ZipFile(file) as archive:
            workbook = _Workbook(archive)
            yield from _Sheet(workbook, max_columns).rows()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
        raise Damaged("文件已损坏，请重新另存为 xlsx") from None
    except (LookupError, ValueError, expat.ExpatError):
        raise Damaged("不是有效的 xlsx 工作簿") from None


class _Workbook:
    """What a sheet needs from the rest of the file: its strings, its date styles, its epoch."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.epoch = CALENDAR_WINDOWS_1900
        self.sheet = self._first_sheet()
        self.strings = self._strings()
        self.date_styles = self._date_styles()

    def open(self, part: str, limit: int) -> Any:
        if self.archive.getinfo(part).file_size > limit:
            raise Damaged("文件展开后过大，请拆分后再上传")
        return self.archive.open(part)

    def _first_sheet(self) -> str:
        sheets: list[dict[str, str]] = []
        for name, attributes in self._tags("xl/workbook.xml", "sheet", "workbookPr"):
            if name == "sheet":
                sheets.append(attributes)
            elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self.epoch = CALENDAR_MAC_1904
        visible = [sheet for sheet in sheets if sheet.get("state", "visible") == "visible"] or sheets
        if not visible:
            raise Damaged("工作簿里没有工作表")
        return self._target(next(value for key, value in visible[0].items() if key.endswith(":id")))

    def _target(self, relation: str) -> str:
        for _, attributes in self._tags("xl/_rels/workbook.xml.rels", "Relationship"):
            if attributes["Id"] == relation:
                target = attributes["Target"]
                return target[1:] if target.startswith("/") else f"xl/{target}"
        raise Damaged("工作簿里没有工作表")

    def _strings(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self.archive.namelist():
            return []
        with self.open("xl/sharedStrings.xml", MAX_STRINGS) as file:
            return _SharedStrings().read(file)

    def _date_styles(self) -> set[str]:
        """Indexes of the cell styles that show a number as a date."""
        if "xl/styles.xml" not in self.archive.namelist():
            return set()
        codes = dict(BUILTIN_FORMATS)
        formats: list[int] | None = None
        for name, attributes in self._tags("xl/styles.xml", "numFmt", "cellXfs", "xf"):
            if name == "numFmt":
                codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
            elif name == "cellXfs":
                formats = []
            elif name == "xf" and formats is not None:
                formats.append(int(attributes.get("numFmtId", 0)))
        return {str(at) for at, number in enumerate(formats or []) if _is_date(number, codes)}

    def _tags(self, part: str, *wanted: str) -> list[tuple[str, dict[str, str]]]:
        tags: list[tuple[str, dict[str, str]]] = []

        def keep(name: str, attributes: dict[str, str]) -> None:
            if (local := _local(name)) in wanted:
                tags.append((local, attributes))

        parser = _parser()
        parser.StartElementHandler = keep
        with self.open(part, MAX_OTHER) as file:
            parser.ParseFile(file)
        return tags


class _SharedStrings:
    """The table of texts that cells refer to by number."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._parts: list[str] = []
        self._collects = False
        self._phonetic = False

    def read(self, file: IO[bytes]) -> list[str]:
        parser = _parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.ParseFile(file)
        return self._texts

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "rPh":
            self._phonetic = True
        self._collects = local == "t" and not self._phonetic

    def _end(self, name: str) -> None:
        local = _local(name)
        self._collects = False
        if local == "rPh":
            self._phonetic = False
        elif local == "si":
            self._texts.append("".join(self._parts))
            self._parts.clear()

    def _text(self, text: str) -> None:
        if self._collects:
            self._parts.append(text)


class _Sheet:
    """One worksheet, parsed chunk by chunk; finished rows are handed out and forgotten."""

    def __init__(self, workbook: _Workbook, max_columns: int) -> None:
        self._workbook = workbook
        self._max_columns = max_columns
        self._finished: list[tuple[int, list[str]]] = []
        self._line = 0
        self._rows = 0
        self._cells: list[str] = []
        self._column = -1
        self._kind = "n"
        self._style = "0"
        self._parts: list[str] = []
        self._length = 0
        self._collects = False
        self._phonetic = False
        self._columns: dict[str, int] = {}

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        parser = _parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        with self._workbook.open(self._workbook.sheet, MAX_SHEET) as file:
            while chunk := file.read(CHUNK):
                parser.Parse(chunk)
                yield from self._finished
                self._finished.clear()
            parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "c":
            self._open_cell(attributes)
        elif local in ("v", "t"):
            self._collects = not self._phonetic
        elif local == "row":
            self._open_row(attributes)
        elif local == "rPh":
            self._phonetic = True

    def _open_row(self, attributes: dict[str, str]) -> None:
        self._rows += 1
        if self._rows > MAX_ROWS:
            raise Damaged("行数过多，请拆分后再上传")
        self._line = int(attributes.get("r", self._line + 1))
        self._cells = []
        self._column = -1

    def _open_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self._column = self._column + 1 if reference is None else self._column_of(reference)
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._parts.clear()
        self._length = 0

    def _end(self, name: str) -> None:
        local = _local(name)
        if local == "c":
            self._close_cell()
        elif local in ("v", "t"):
            self._collects = False
        elif local == "row":
            self._finished.append((self._line, self._cells))
        elif local == "rPh":
            self._phonetic = False

    def _close_cell(self) -> None:
        if not self._parts or not 0 <= self._column < self._max_columns:
            return
        missing = self._column + 1 - len(self._cells)
        if missing > 0:
            self._cells.extend([""] * missing)
        self._cells[self._column] = self._value("".join(self._parts))

    def _value(self, text: str) -> str:
        if self._kind == "s":
            return self._workbook.strings[int(text)]
        if self._kind == "n":
            is_date = self._style in self._workbook.date_styles
            return _date_text(text, self._workbook.epoch) if is_date else _number_text(text)
        if self._kind == "b":
            return "FALSE" if text in ("0", "false") else "TRUE"
        return text

    def _text(self, text: str) -> None:
        if not self._collects:
            return
        self._length += len(text)
        if self._length > LONGEST_TEXT:
            raise Damaged("单元格内容过长")
        self._parts.append(text)

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column_number(letters)
        return column


def _parser() -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def _refuse(*_declaration: Any) -> NoReturn:
    raise Damaged("不是有效的 xlsx 工作簿")


def _local(name: str) -> str:
    return name.rpartition(":")[2] if ":" in name else name


def _column_number(letters: str) -> int:
    """A → 0, Z → 25, AA → 26; ValueError for what is no column."""
    if not (1 <= len(letters) <= 3 and letters.isascii() and letters.isalpha()):
        raise ValueError(letters)
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _is_date(number: int, codes: dict[int, str]) -> bool:
    return number in _LOCAL_DATES or bool(is_date_format(codes.get(number, "General")))


def _number_text(text: str) -> str:
    """As a spreadsheet shows it: fifteen digits, whole numbers without point, no exponent."""
    if _WHOLE.fullmatch(text):
        return text
    try:
        value = Decimal(f"{float(text):.15g}")
    except (ValueError, InvalidOperation):
        return text
    if not value.is_finite():
        return text
    return f"{value.normalize():f}" if value else "0"


def _date_text(text: str, epoch: datetime) -> str:
    try:
        value: Any = from_excel(float(text), epoch)
    except (ValueError, OverflowError, TypeError):
        return text
    return _spelled(value)


def _spelled(value: datetime | date | time | timedelta | None) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value)
