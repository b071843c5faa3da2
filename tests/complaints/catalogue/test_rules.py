"""Words of people and files as codes."""

from dataclasses import dataclass

import pytest

from services.complaints.catalogue.rules import code_of


@dataclass(frozen=True)
class Row:
    """A row of a code table."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()


ROWS = [Row("network", "网络质量", ("信号问题",)), Row("other", "其他", ("其它",))]


@pytest.mark.parametrize("word", ["network", "NETWORK", "网络质量", " 网络 质量", "信号问题"])
def test_a_code_a_name_and_an_alias_all_find_it(word: str) -> None:
    assert code_of(ROWS, word) == "network"


def test_an_unknown_word_finds_nothing() -> None:
    assert code_of(ROWS, "天气") is None
    assert code_of(ROWS, "") is None
