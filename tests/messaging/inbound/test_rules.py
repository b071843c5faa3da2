"""Reading replies."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.inbound import rules

WORDS = {
    **dict.fromkeys(("R", "T", "TD", "0000", "退订", "拒收"), "opt_out"),
    **dict.fromkeys(("N", "NO", "不是我"), "denial"),
}
AT = datetime(2026, 11, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "R",
        "r",
        " T ",
        "td",
        "退订",
        "拒收",
        "ＴＤ",
        "Ｒ",
        "　退订　",
        "td\n",
        "退 订",
        "TD.",
        "退订。",
        "“R”",
        "００００",
    ],
)
def test_an_opt_out_word_is_one_in_any_width_case_and_punctuation(text: str) -> None:
    assert rules.kind_of(text, WORDS, answers_confirmation=False) == "opt_out"


@pytest.mark.parametrize(
    "text", ["请不要退订", "我想退订宽带", "RT", "", "。", "STOP", "退订，谢谢", "R吗", "00000"]
)
def test_a_sentence_is_for_a_person(text: str) -> None:
    assert rules.kind_of(text, WORDS, answers_confirmation=False) == "enquiry"


@pytest.mark.parametrize("text", ["N", "ｎ", "不是我！", "no"])
def test_a_no_denies_only_what_was_to_be_confirmed(text: str) -> None:
    assert rules.kind_of(text, WORDS, answers_confirmation=True) == "denial"
    assert rules.kind_of(text, WORDS, answers_confirmation=False) == "enquiry"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_width_makes_no_difference(text: str) -> None:
    wide = "".join(chr(ord(each) + 0xFEE0) for each in text)
    assert rules.fold(wide) == rules.fold(text) == rules.fold(text.lower())


def test_an_opt_out_ends_the_latest_agreement_and_a_second_one_ends_nothing() -> None:
    first, second = uuid4(), uuid4()
    words = [(AT, first), (AT + timedelta(days=2), second)]
    assert rules.agreement(None, words) == str(second)
    assert rules.agreement(AT + timedelta(days=1), words) == str(second)
    assert rules.agreement(AT + timedelta(days=3), words) is None


def test_a_number_that_never_agreed_has_one_opt_out() -> None:
    assert rules.agreement(None, []) == "never"
    assert rules.agreement(AT, []) is None
