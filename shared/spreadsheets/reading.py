"""Reading a file that somebody uploaded, row by row, by what is in it and not by what it is called."""

import codecs
import csv
import io
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from shared.errors import Invalid
from shared.spreadsheets import xlsx
from shared.spreadsheets.cells import unguard

CHUNK = 1 << 16
MAX_COLUMNS = 256
LONGEST_LINE = 1 << 20
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_DELIMITERS = ",\t;"


class UnreadableFile(Invalid):
    """The file is no spreadsheet that can be read."""

    code = "file-unreadable"
    title = "文件无法读取"
    detail = "文件无法读取：{reason}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not blank: its line in the file, and its cells as trimmed text."""

    line: int
    cells: tuple[str, ...]


def read_rows(file: IO[bytes]) -> Generator[Row, None, None]:
    """The rows of an XLSX (first visible sheet) or CSV file (UTF-8, UTF-16 with BOM or GB18030), blank ones left out.

    `file` must be seekable and stays open. Whole numbers come without decimals, dates as `YYYY-MM-DD[ HH:MM:SS]`.
    Raises UnreadableFile, possibly after some rows.
    """
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    if not start:
        raise UnreadableFile(reason="文件是空的")
    if start == _OLE:
        raise UnreadableFile(reason="旧版 xls 或加密文件，请另存为不加密的 xlsx 后再上传")
    yield from _tidy(_xlsx_rows(file) if start == _ZIP else _csv_rows(file))


def _tidy(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Row]:
    for line, cells in rows:
        tidy = [unguard(cell.strip()) for cell in cells[:MAX_COLUMNS]]
        while tidy and not tidy[-1]:
            tidy.pop()
        if tidy:
            yield Row(line, tuple(tidy))


def _xlsx_rows(file: IO[bytes]) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        yield from xlsx.rows(file, max_columns=MAX_COLUMNS)
    except xlsx.Damaged as error:
        raise UnreadableFile(reason=str(error)) from error


def _csv_rows(file: IO[bytes]) -> Iterator[tuple[int, Sequence[str]]]:
    text = io.TextIOWrapper(file, encoding=_encoding(file), newline="")
    line = 1
    try:
        reader = csv.reader(_lines(text), delimiter=_delimiter(text))
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(reason=f"第 {line} 行无法识别，请检查引号是否成对") from error
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise csv.Error("line too long")
        yield line


def _encoding(file: IO[bytes]) -> str:
    """By its BOM, or else the first encoding in which the whole file makes sense."""
    start = file.read(3)
    file.seek(0)
    if start == codecs.BOM_UTF8:
        candidates = ["utf-8-sig"]
    elif start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        if _decodes(file, encoding):
            return encoding
    raise UnreadableFile(reason="文字编码无法识别，请另存为 UTF-8 或 GB18030 编码的 CSV")


def _decodes(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


def _delimiter(text: io.TextIOWrapper) -> str:
    """The separator that the first lines use most; a comma when they use none."""
    head = text.read(CHUNK)
    text.seek(0)
    return max(_DELIMITERS, key=head.count)
