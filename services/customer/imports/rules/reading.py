"""How a line of the sheet is read, and why one is refused: sheets are untidy, what is unclear is refused in words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from services.customer.archive.rules import GENDERS, CodeTables, Profile
from services.customer.consent.rules import Purpose
from services.customer.imports.rules.form import CONSENT_COLUMNS, HEADINGS, Column
from shared.phones import InvalidPhone, PhoneBook, SealedPhone, hide_numbers
from shared.spreadsheets import InvalidCell, as_moment, fold

OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
EXCEL_EPOCH = date(1899, 12, 30)
SHORTEST_NUMBER = 11
LONGEST_NAME, LONGEST_NOTE, LONGEST_CARRIED, LONGEST_PHONE = 40, 100, 500, 64

YES = {"是", "同意", "y", "yes", "true", "1", "√", "✓"}
NO = {"否", "不同意", "n", "no", "false", "0", "×", "✕"}

_CLERK = re.compile(r"(?P<name>.*?)\((?P<staff_no>[^()]+)\)")
_NOTE = re.compile(r"(?:其他|其它|备注|注明)\s*[::]?\s*(?P<note>.*)$")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*[岁元]")
_CODE_AND_LABEL = re.compile(r"(\d+)[\s.:、-]+(.+)")
_FLOAT = re.compile(r"(\d+)\.0+")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line was refused: a code for programs, words for the person who corrects it."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Received:
    """A line as it is kept until it is worked on: its cells without the number, and the number sealed.

    Without 同意入档 there are no cells and no number: nothing of the customer is kept.
    """

    line: int
    cells: list[str] | None = None
    sealed: str | None = None
    phone: SealedPhone | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that can be archived."""

    clerk: str
    profile: Profile
    answers: Mapping[Purpose, bool | None]
    archived_at: datetime | None
    sms_count: int
    recommendations: str | None
    services: str | None


NOT_AGREED = Refusal(
    "consent-required", "“同意入档”不是“是”，未保存该行任何内容。请征得客户同意后，在原表中补填并重新提交。"
)
INVALID_PHONE = Refusal("invalid-phone", "手机号码应为 11 位数字，以 13 至 19 开头。")


def receive(line: int, cells: list[str], phones: PhoneBook) -> Received:
    """Seal the number, or keep nothing at all when the customer did not agree (C1)."""
    if not is_yes(cells[Column.ARCHIVE]):
        return Received(line, refusal=NOT_AGREED)
    text, cells[Column.PHONE] = _without_decimals(cells[Column.PHONE])[:LONGEST_PHONE], ""
    cells = [hide_numbers(cell) if len(cell) >= SHORTEST_NUMBER else cell for cell in cells]
    try:
        phone = phones.seal(text)
    except InvalidPhone:
        return Received(line, cells, sealed=phones.seal_text(text))
    return Received(line, cells, sealed=phone.enc, phone=phone)


def read_entry(
    cells: Sequence[str], tables: CodeTables, clerks: Mapping[str, str], now: datetime
) -> Entry | list[Refusal]:
    """A line as an entry, or everything that is wrong with it. `clerks` are the hall's, name by staff number."""
    return _Reader(cells, tables, clerks, now).entry()


class _Reader:
    """Reads one line's cells, gathering what is wrong so that one look at the report is enough."""

    def __init__(
        self, cells: Sequence[str], tables: CodeTables, clerks: Mapping[str, str], now: datetime
    ) -> None:
        self._cells, self._tables, self._clerks, self._now = cells, tables, clerks, now
        self._wrong: list[Refusal] = []

    def entry(self) -> Entry | list[Refusal]:
        entry = Entry(
            clerk=self._clerk(),
            profile=self._profile(),
            answers={purpose: answer_in(self._cells[column]) for purpose, column in CONSENT_COLUMNS.items()},
            archived_at=self._archived_at(),
            sms_count=self._sms_count(),
            recommendations=self._text(Column.RECOMMENDATIONS, LONGEST_CARRIED) or None,
            services=self._text(Column.SERVICES, LONGEST_CARRIED) or None,
        )
        return self._wrong or entry

    def _profile(self) -> Profile:
        habits, habits_note = self._codes(Column.HABITS, "habit")
        preferences, preferences_note = self._codes(Column.PREFERENCES, "preference")
        return Profile(
            name=self._name(),
            brand=self._code(Column.BRAND, "brand"),
            age_band=self._code(Column.AGE_BAND, "age_band"),
            spend_band=self._code(Column.SPEND_BAND, "spend_band"),
            gender=self._gender(),
            habits=habits,
            habits_note=habits_note,
            preferences=preferences,
            preferences_note=preferences_note,
        )

    def _clerk(self) -> str:
        staff_no = clerk_in(self._cells[Column.CLERK], self._clerks)
        if staff_no is None:
            self._refuse(
                "clerk-unknown", Column.CLERK, "本厅没有这位在岗营业员，应写作“姓名(工号)”，工号须准确。"
            )
        return staff_no or ""

    def _name(self) -> str:
        name = self._text(Column.NAME, LONGEST_NAME)
        if not name:
            self._refuse("name-missing", Column.NAME, "未填写。")
        return name

    def _gender(self) -> str | None:
        text = fold(self._cells[Column.GENDER]).lower()
        if text and text not in GENDERS:
            self._refuse("gender-unknown", Column.GENDER, "应为男或女，或留空。")
        return GENDERS.get(text)

    def _code(self, column: Column, kind: str) -> int:
        code = code_in(self._cells[column], kind, self._tables)
        if code is None:
            self._refuse("code-unknown", column, "未填写或不在代号范围内，见表下方的代号说明。")
        return code or 0

    def _codes(self, column: Column, kind: str) -> tuple[tuple[int, ...], str | None]:
        codes, note, unknown = codes_in(self._cells[column], kind, self._tables)
        if unknown:
            self._refuse("code-unknown", column, "有不在代号范围内的内容；其他情况请写作“其他：……”。")
        if note and len(note) > LONGEST_NOTE:
            self._refuse("text-too-long", column, f"备注最多 {LONGEST_NOTE} 个字。")
        return codes, note

    def _archived_at(self) -> datetime | None:
        text = self._cells[Column.ARCHIVED_AT]
        try:
            at = moment_in(text) if text else None
        except (InvalidCell, OverflowError):
            self._refuse("date-invalid", Column.ARCHIVED_AT, "不是日期，应写作 2010.6.24 这样的形式。")
            return None
        if at is not None and not OLDEST <= at <= self._now:
            self._refuse("date-invalid", Column.ARCHIVED_AT, "早于 1990 年或晚于今天。")
        return at

    def _sms_count(self) -> int:
        text = _without_decimals(fold(self._cells[Column.SMS_COUNT]))
        if text and not (text.isdecimal() and len(text) < 6):
            self._refuse("count-invalid", Column.SMS_COUNT, "应为次数，如 0、1、2。")
            return 0
        return int(text or 0)

    def _text(self, column: Column, longest: int) -> str:
        text = "".join(char if char.isprintable() else " " for char in self._cells[column]).strip()
        if len(text) > longest:
            self._refuse("text-too-long", column, f"最多 {longest} 个字。")
        return text

    def _refuse(self, code: str, column: Column, why: str) -> None:
        self._wrong.append(Refusal(code, f"{HEADINGS[column]}：{why}"))


def is_yes(text: str) -> bool:
    return fold(text).lower() in YES


def answer_in(text: str) -> bool | None:
    """Yes, no, or nothing said; what is neither is no answer."""
    folded = fold(text).lower()
    return True if folded in YES else False if folded in NO else None


def clerk_in(text: str, clerks: Mapping[str, str]) -> str | None:
    """The staff number in 张强(1001), or of the only clerk of that name."""
    folded = fold(text).replace(" ", "")
    if match := _CLERK.fullmatch(folded):
        staff_no = match["staff_no"]
        return staff_no if staff_no in clerks else None
    if folded in clerks:
        return folded
    called = [staff_no for staff_no, name in clerks.items() if name == folded]
    return called[0] if len(called) == 1 else None


def code_in(text: str, kind: str, tables: CodeTables) -> int | None:
    """A code, its label, both, or for a band an amount such as 25岁 or 95元."""
    folded = _without_decimals(fold(text))
    if folded.isdecimal():
        return int(folded) if len(folded) < 4 and tables.knows(kind, int(folded)) else None
    if (labelled := tables.code_called(kind, folded)) is not None:
        return labelled
    if match := _AMOUNT.fullmatch(folded):
        return tables.band_of(kind, Decimal(match[1]))
    match = _CODE_AND_LABEL.fullmatch(folded)
    code = tables.code_called(kind, match[2]) if match else None
    return code if match and code == int(match[1]) else None


def codes_in(text: str, kind: str, tables: CodeTables) -> tuple[tuple[int, ...], str | None, list[str]]:
    """Several codes and a note, as in 1;备注：夜间关机; what is neither comes back as unknown."""
    folded = fold(text)
    match = _NOTE.search(folded)
    listed = folded[: match.start()] if match else folded
    words = [word for word in re.split(r"[,;、/\s]+", listed) if word]
    codes = {word: code_in(word, kind, tables) for word in words}
    known = tuple(sorted({code for code in codes.values() if code is not None}))
    return (
        known,
        (match["note"].strip() or None) if match else None,
        [w for w, c in codes.items() if c is None],
    )


def moment_in(text: str) -> datetime:
    """A date as people write it, or as the bare number a spreadsheet counts days with."""
    folded = _without_decimals(fold(text))
    if folded.isdecimal() and len(folded) == 5:
        return as_moment((EXCEL_EPOCH + timedelta(days=int(folded))).isoformat())
    return as_moment(text)


def _without_decimals(text: str) -> str:
    match = _FLOAT.fullmatch(text.strip())
    return match[1] if match else text.strip()
