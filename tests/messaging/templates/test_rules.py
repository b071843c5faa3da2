"""Segments, variables and composition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.templates import rules

HALL = {"hall": "资中大十字营业厅", "hall_number": "0832-5520000", "busy_from": "25", "busy_to": "5"}


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0, 0), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (156, 3), (201, 3), (202, 4)],
)
def test_seventy_characters_are_one_part_and_then_sixty_seven_each(length: int, expected: int) -> None:
    assert rules.segments("移" * length) == expected


def test_an_emoji_counts_as_two() -> None:
    assert rules.segments("移" * 69 + "😀") == 2
    assert rules.segments("移" * 68 + "😀") == 1


@given(st.text(max_size=300), st.text(max_size=300))
def test_more_text_never_takes_fewer_parts(some: str, more: str) -> None:
    some, more = (text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore") for text in (some, more))
    assert rules.segments(some) <= rules.segments(some + more)


def test_the_signature_stands_first_and_the_opt_out_words_last() -> None:
    text = rules.compose("您好！{content}", "service", HALL, {"content": "明天有雨。"})
    assert text == "【资中大十字营业厅】您好！明天有雨。拒收请回复R"


@pytest.mark.parametrize("message_class", rules.EXEMPT)
def test_what_answers_the_customer_carries_no_opt_out_words(message_class: str) -> None:
    assert "拒收" not in rules.compose("已受理。", message_class, HALL, {})


def test_a_parameter_cannot_replace_what_the_house_fills_in() -> None:
    assert (
        rules.compose("{hall}", "notice", HALL, {"hall": "别的厅"}) == "【资中大十字营业厅】资中大十字营业厅"
    )


@pytest.mark.parametrize(
    "text",
    ["{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{0}", "{}", "{A}", "{a", "【某厅】您好", "回复R", "移" * 671],
)
def test_words_that_break_a_rule_are_refused(text: str) -> None:
    if text == "回复R":
        text = f"您好，{rules.OPT_OUT_WORDS}"
    with pytest.raises(ValueError, match=r"."):
        rules.check_words(text)


def test_a_template_asks_for_what_the_house_does_not_know() -> None:
    assert rules.asked_for("{hall}祝您{wish}，{festival}快乐，{wish}") == ("wish", "festival")
