"""How scripts are found and filled."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.scripts import rules

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF), min_size=1, max_size=12)


@given(before=HAN, wanted=HAN, after=HAN)
def test_whatever_stands_in_a_text_is_found_by_it_however_short(before: str, wanted: str, after: str) -> None:
    asked = rules.terms_asked(wanted)
    assert asked <= rules.terms_of("标题", "分类", before + wanted + after).keys()


@given(text=HAN, other=HAN)
def test_a_text_without_any_of_the_words_is_not_found(text: str, other: str) -> None:
    if set(text) & set(other):
        return
    asked, held = rules.terms_asked(other), rules.terms_of("", "", text).keys()
    assert len(asked & held) < rules.matches_needed(len(asked))


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("退订", {"退订"}),
        ("退订短信", {"退订", "订短", "短信"}),
        ("费", {"费"}),
        ("５Ｇ套餐", {"5g", "套餐"}),
        ("欠费，停机", {"欠费", "停机"}),
        ("  ！？ ", set()),
    ],
)
def test_a_query_asks_for_neighbours_words_and_lone_characters(query: str, terms: set[str]) -> None:
    assert rules.terms_asked(query) == terms


def test_a_word_in_the_title_counts_more_than_the_same_in_the_text() -> None:
    assert rules.terms_of("退订", "", "")["退订"] > rules.terms_of("", "", "退订 退订")["退订"]


@given(st.text(max_size=60))
def test_no_query_breaks_the_search_or_asks_without_end(query: str) -> None:
    asked = rules.terms_asked(query)
    assert len(asked) <= rules.MOST_ASKED
    assert all(0 < len(term) <= rules.LONGEST_TERM for term in asked)
    assert 1 <= rules.matches_needed(len(asked)) <= max(1, len(asked))


def test_placeholders_are_filled_and_what_is_not_known_is_named() -> None:
    words = rules.filled("我是{clerk}，{product}适合您。", {"clerk": "张强"})
    assert words == "我是张强，（业务名称）适合您。"
    assert rules.unknown_placeholders("{hall}的{clerk}") == []
    assert rules.unknown_placeholders("{phone}和 } 和 {") == ["{phone}", "}", "{"]


@pytest.mark.parametrize(
    ("kinds", "audience"),
    [([], "all"), (["enquiry"], "enquirer"), (["enquiry", "complaint"], "complainant"), ([None], "all")],
)
def test_who_complained_is_spoken_to_as_such(kinds: list[str | None], audience: str) -> None:
    assert rules.audience_of(kinds) == audience


def test_an_earlier_version_ends_the_day_before_the_next_begins() -> None:
    assert rules.ends_before(date(2026, 12, 1), None) == date(2026, 11, 30)
    assert rules.ends_before(date(2026, 12, 1), date(2026, 11, 1)) == date(2026, 11, 1)
