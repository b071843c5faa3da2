"""Lines of off-net lists as people and systems write them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.imports.rules.reading import Refusal
from services.customer.purges import rules
from services.customer.purges.rules import Layout
from shared.keyring import KeyRing
from shared.phones import PhoneBook

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
BOOK = PhoneBook(KeyRing.generate())


@pytest.mark.parametrize(
    ("headings", "cells", "found"),
    [
        (("手机号码", "离网时间"), ("139", "2026.11.1"), ("139", "2026.11.1")),
        (("序号", "离网日期", "  手 机 号 "), ("1", "2026-11-01", "139"), ("139", "2026-11-01")),
        (("ＭＳＩＳＤＮ",), ("139",), ("139", "")),
        (("Phone", "Left_At"), ("139",), ("139", "")),
    ],
)
def test_the_columns_are_found_wherever_they_stand(
    headings: tuple[str, ...], cells: tuple[str, ...], found: tuple[str, str]
) -> None:
    layout = Layout.of(headings)
    assert layout is not None
    assert layout.phone_and_date(cells) == found


def test_a_row_without_a_column_of_numbers_is_no_heading() -> None:
    assert Layout.of(("资中离网用户名单", "", "制表日期：2026.11.1")) is None


@pytest.mark.parametrize(
    "text", ["13908320001", "13908320001.0", "１３９０８３２０００１", "+86 139-0832-0001", " 13908320001 "]
)
def test_a_number_is_the_same_however_it_is_written(text: str) -> None:
    line = rules.receive(7, text, "", BOOK)
    assert line is not None
    assert line.phone is not None
    assert line.phone.index == BOOK.index("13908320001")


@pytest.mark.parametrize("text", ["", "备注：以上号码已核实", "（完）"])
def test_notes_between_the_lines_are_passed_over(text: str) -> None:
    assert rules.receive(7, text, "", BOOK) is None


def test_what_is_no_number_is_kept_sealed_so_that_it_can_be_corrected() -> None:
    line = rules.receive(7, "1390832", "2026.11.1", BOOK)
    assert line is not None
    assert line.phone is None
    assert BOOK.open(line.sealed) == "1390832"


def test_a_number_in_the_date_is_hidden() -> None:
    line = rules.receive(7, "13908320001", "联系13908320002", BOOK)
    assert line is not None
    assert "13908320002" not in line.left_text


@pytest.mark.parametrize(
    "text", ["2026.11.1", "2026-11-01", "2026年11月1日", "2026/11/1", "46327", "2026-11-01 00:00:00"]
)
def test_a_date_is_the_same_however_it_is_written(text: str) -> None:
    assert rules.left_at(text, NOW) == datetime(2026, 10, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize("text", ["昨天", "2026.13.1", "2027.1.1", "1980.1.1"])
def test_an_impossible_date_is_refused(text: str) -> None:
    assert isinstance(rules.left_at(text, NOW), Refusal)


@given(st.text(max_size=40))
def test_whatever_stands_in_the_date_is_read_or_refused(text: str) -> None:
    at = rules.left_at(text, NOW)
    assert isinstance(at, Refusal) or at <= NOW


HOURS = st.integers(0, 24 * 365 * 20)


@given(HOURS, HOURS)
def test_who_was_archived_after_the_number_left_is_its_next_holder(left: int, archived: int) -> None:
    left_at, archived_at = (NOW - timedelta(hours=hours) for hours in (left, archived))
    if rules.is_of_the_former_holder(left_at, archived_at):
        assert left_at < archived_at
    elif left_at < archived_at:
        assert archived_at - left_at < timedelta(days=1)
