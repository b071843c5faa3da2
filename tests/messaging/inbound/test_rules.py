"""Reading replies."""

import pytest

from services.messaging.inbound import rules


@pytest.mark.parametrize("text", ["R", "r", " T ", "td", "退订", "拒收", "ＴＤ", "Ｒ", "　退订　", "td\n"])
def test_an_opt_out_word_is_one_in_any_width_and_case(text: str) -> None:
    assert rules.kind_of(text, answers_confirmation=False) == "opt_out"


@pytest.mark.parametrize("text", ["请不要退订", "TD.", "我想退订宽带", "RT", "", "退 订", "STOP"])
def test_a_sentence_is_for_a_person(text: str) -> None:
    assert rules.kind_of(text, answers_confirmation=False) == "enquiry"


@pytest.mark.parametrize("text", ["N", "ｎ", "不是我", "no"])
def test_a_no_denies_only_what_was_to_be_confirmed(text: str) -> None:
    assert rules.kind_of(text, answers_confirmation=True) == "denial"
    assert rules.kind_of(text, answers_confirmation=False) == "enquiry"
