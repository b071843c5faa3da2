"""Code tables, completeness, masks and the texts of the record."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.archive import rules
from services.customer.archive.rules import Code, CodeTables, Profile

BOUNDS = [(None, 18), (18, 25), (25, 35), (35, None)]
AGES = [
    Code("age_band", n, f"{lower}-{upper}", lower, upper) for n, (lower, upper) in enumerate(BOUNDS, start=1)
]
TABLES = CodeTables(
    [
        *AGES,
        *(
            Code(kind, n, f"{kind}{n}")
            for kind in ("brand", "spend_band", "habit", "preference")
            for n in range(1, 5)
        ),
    ]
)
FULL = Profile("李锐", 2, 2, 1, "male", (4,), None, (4,), None)


@dataclass
class Plate:
    registered_name: str = "中国移动资中大十字营业厅"
    number: str = "0832-5520000"


@dataclass
class Ticket:
    kind: str | None = "complaint"
    category: str | None = "tariff_doubt"
    status: str | None = "resolved"
    score: int | None = None


@pytest.mark.parametrize(("age", "band"), [(17, 1), (18, 2), (24, 2), (25, 3), (34, 3), (35, 4), (90, 4)])
def test_a_boundary_year_belongs_to_the_band_that_begins_with_it(age: int, band: int) -> None:
    assert TABLES.band_of("age_band", Decimal(age)) == band


@given(st.decimals(min_value=0, max_value=150, places=2))
def test_every_age_falls_into_exactly_one_band(age: Decimal) -> None:
    assert sum(code.holds(age) for code in AGES) == 1


def test_every_unknown_code_is_pointed_at() -> None:
    wrong = rules.unknown_codes(replace(FULL, brand=9, habits=(4, 7)), TABLES)
    assert [(w.pointer, w.code) for w in wrong] == [("/brand", "code-unknown"), ("/habits/1", "code-unknown")]
    assert rules.unknown_codes(FULL, TABLES) == []


@pytest.mark.parametrize(
    ("profile", "filled"),
    [
        (FULL, 7),
        (replace(FULL, gender=None), 6),
        (replace(FULL, habits=(), preferences=(), preferences_note="钓鱼"), 6),
    ],
)
def test_completeness_counts_what_is_filled(profile: Profile, filled: int) -> None:
    assert rules.completeness(profile) == (filled, 7)


@pytest.mark.parametrize(
    ("name", "number", "codes"),
    [
        ("中国移动资中大十字营业厅", "0832-5520000", []),
        ("中国移动资中大十字营业厅", "０８３２ 5520000", []),
        ("大十字营业厅", "0832-5520000", ["name-differs"]),
        ("中国移动资中大十字营业厅", "0832-5520001", ["number-differs"]),
        ("移动", "10086", ["name-differs", "number-differs"]),
    ],
)
def test_what_is_stored_in_the_phone_must_be_what_the_hall_is_registered_with(
    name: str, number: str, codes: list[str]
) -> None:
    assert [wrong.code for wrong in rules.differences_from_plate(name, number, Plate())] == codes


@pytest.mark.parametrize(
    ("name", "masked"), [("李锐", "李*"), ("欧阳娜娜", "欧***"), ("李", "李*"), ("", "")]
)
def test_a_masked_name_shows_the_family_name(name: str, masked: str) -> None:
    assert rules.mask_name(name) == masked


def test_the_history_keeps_what_changed_and_masks_the_name() -> None:
    assert rules.changes(FULL, replace(FULL, name="李睿", brand=1)) == [
        {"field": "name", "before": "李*", "after": "李*"},
        {"field": "brand", "before": 2, "after": 1},
    ]
    assert rules.changes(FULL, FULL) == []


def test_tickets_are_told_in_words_after_what_the_paper_said() -> None:
    tickets = [
        Ticket(),
        Ticket(kind="enquiry", category="network", status="closed", score=5),
        Ticket(category="new_one"),
    ]
    assert rules.tickets_text(tickets, "咨询资费：已解决") == (
        "咨询资费：已解决；投诉资费争议：已解决；咨询网络质量：已办结（评分 5）；投诉其他：已解决"
    )
    assert rules.tickets_text([]) == ""
