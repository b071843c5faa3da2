"""Spreadsheets in and out: XLSX and CSV, streamed, with bounded memory whatever the file. No business words."""

from shared.spreadsheets.cells import InvalidCell, as_date, as_moment, fold, guard, unguard
from shared.spreadsheets.reading import Row, UnreadableFile, read_rows
from shared.spreadsheets.writing import (
    BOM,
    CSV_TYPE,
    XLSX_TYPE,
    Workbook,
    content_disposition,
    csv_line,
    csv_lines,
)

__all__ = [
    "BOM",
    "CSV_TYPE",
    "XLSX_TYPE",
    "InvalidCell",
    "Row",
    "UnreadableFile",
    "Workbook",
    "as_date",
    "as_moment",
    "content_disposition",
    "csv_line",
    "csv_lines",
    "fold",
    "guard",
    "read_rows",
    "unguard",
]
