"""Whom a script is for and when it is said, which words it may ask the house for, and how it is found in Chinese."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from math import ceil

AUDIENCES = {"enquirer": "咨询客户", "complainant": "投诉客户", "all": "所有客户"}
MOMENTS = {
    "greeting": "开场问候",
    "leaving_number": "请客户留下号码",
    "asking_consent": "征求同意",
    "storing_number": "请客户存厅号码",
    "recommending": "推荐业务",
    "recommending_busy": "忙时推荐",
    "recommending_idle": "闲时推荐",
    "follow_up": "回访",
    "closing": "结束送别",
}
STATES = {"draft": "待审批", "approved": "已审批", "retired": "已停用"}
OUTCOMES = {"accepted": "客户接受", "declined": "客户没接受"}
PLACEHOLDERS = {
    "hall": "营业厅",
    "clerk": "客户经理",
    "customer": "客户",
    "product": "业务名称",
    "number": "厅号码",
}

IN_TITLE, IN_CATEGORY, IN_TEXT = 4, 2, 1
LONGEST_TERM, MOST_ASKED = 32, 40
_RUNS = re.compile(r"(?P<han>[\u3007\u3400-\u4dbf\u4e00-\u9fff]+)|(?P<word>[a-z0-9]+)")
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def terms_of(title: str, category: str, text: str) -> dict[str, int]:
    """What a script is found by, each with its weight: every character, every two neighbours, every Latin word."""
    weights: dict[str, int] = {}
    for part, weight in ((title, IN_TITLE), (category, IN_CATEGORY), (text, IN_TEXT)):
        for term in _all_terms(part):
            weights[term] = weights.get(term, 0) + weight
    return weights


def terms_asked(query: str) -> frozenset[str]:
    """What is looked up for a query: neighbours where there are two, the character where it stands alone."""
    asked: list[str] = []
    for han, word in _runs(query):
        asked += [word] if word else _pairs(han) or [han]
    return frozenset(asked[:MOST_ASKED])


def matches_needed(asked: int) -> int:
    """How many of the terms must be there: half of them forgive a word between two others."""
    return max(1, ceil(asked / 2))


def unknown_placeholders(text: str) -> list[str]:
    """Braces that the house cannot fill, a lone one included."""
    return [found[0] for found in _BRACES.finditer(text) if found[1] not in PLACEHOLDERS]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The words with the placeholders that are known filled in; others are named so that the clerk fills them."""
    return _BRACES.sub(
        lambda found: values.get(found[1]) or f"（{PLACEHOLDERS.get(found[1], found[0])}）", text
    )


def audience_of(kinds: Iterable[str | None]) -> str:
    """As whom a customer is spoken to who came with these tickets: a complaint weighs more than any enquiry."""
    came = set(kinds)
    return "complainant" if "complaint" in came else "enquirer" if "enquiry" in came else "all"


def ends_before(start: date, valid_to: date | None) -> date:
    """When an earlier version ends so that the one that starts then takes over without a gap."""
    last = start - timedelta(days=1)
    return last if valid_to is None else min(last, valid_to)


def _all_terms(text: str) -> frozenset[str]:
    terms: set[str] = set()
    for han, word in _runs(text):
        terms.update([word] if word else [*han, *_pairs(han)])
    return frozenset(terms)


def _runs(text: str) -> list[tuple[str, str]]:
    """Runs of Chinese characters and of Latin letters and digits, full-width forms folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [(run["han"] or "", (run["word"] or "")[:LONGEST_TERM]) for run in _RUNS.finditer(folded)]


def _pairs(han: str) -> list[str]:
    return [first + second for first, second in pairwise(han)]
