"""What may be offered whom: properties of choosing, resting and of issues that are open or settled."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.products.rules import Audience, Condition, Offer, Situation
from services.customer.recommendations import rules
from services.customer.recommendations.rules import Issue, Policy, Standing
from tests.customer.customers import NOW
from tests.customer.products.test_rules import TABLES, audiences, situations

DAY = date(2026, 11, 25)

offers = st.lists(
    st.builds(
        Offer,
        code=st.uuids().map(str),
        version=st.integers(1, 9),
        name=st.just("业务"),
        selling_points=st.just(("好用",)),
        price_text=st.just("10 元/月"),
        audience=audiences,
        quick=st.booleans(),
        priority=st.integers(0, 100),
        valid_from=st.dates(date(2026, 11, 1), date(2026, 12, 31)),
        valid_to=st.none() | st.dates(date(2027, 1, 1), date(2027, 12, 31)),
    ),
    max_size=12,
)
policies = st.builds(
    Policy, version=st.just(1), max_offers=st.integers(0, 3), busy=st.sampled_from(["quick", "none", "all"])
)


def choose(found: list[Offer], who: Any, policy: Policy, *, resting: Any = ()) -> list[rules.Choice]:
    return rules.choose(found, who, TABLES, policy, resting=set(resting), day=DAY)


@given(offers, situations, policies, st.data())
def test_whatever_is_chosen_fits_is_on_offer_and_is_few(
    found: list[Offer], who: Any, policy: Policy, data: st.DataObject
) -> None:
    resting = data.draw(st.sets(st.sampled_from([offer.code for offer in found] or ["-"])))
    chosen = choose(found, who, policy, resting=resting)
    assert len(chosen) <= policy.max_offers <= rules.MOST_A_DAY
    for choice in chosen:
        assert choice.offer.audience.fits(who)
        assert choice.offer.is_valid_on(DAY)
        assert choice.offer.code not in resting
        assert choice.reasons
        assert who.hall == "idle" or policy.busy == "all" or (policy.busy == "quick" and choice.offer.quick)


@given(offers, situations, policies)
def test_the_choice_depends_on_the_products_and_not_on_their_order(
    found: list[Offer], who: Any, policy: Policy
) -> None:
    assert choose(found, who, policy) == choose(found[::-1], who, policy)


@given(offers, situations)
def test_a_product_that_rests_makes_room_and_disturbs_nobody_else(found: list[Offer], who: Any) -> None:
    everything = choose(found, who, Policy(1))
    for choice in everything:
        without = [one.offer for one in choose(found, who, Policy(1), resting={choice.offer.code})]
        assert [one.offer for one in everything if one != choice] == without[: len(everything) - 1]


@given(offers, situations)
def test_a_busy_hall_offers_no_more_than_an_idle_one(found: list[Offer], who: Any) -> None:
    plain = [replace(offer, audience=Audience()) for offer in found]
    busy = choose(plain, replace(who, hall="busy"), Policy(1, busy="quick"))
    assert all(choice.offer.quick for choice in busy)
    assert choose(plain, replace(who, hall="busy"), Policy(1, busy="none")) == []
    assert len(busy) <= len(choose(plain, replace(who, hall="idle"), Policy(1)))


@pytest.mark.parametrize(
    ("outcome", "days", "rests"),
    [
        ("declined", 29, True), ("declined", 30, False), ("accepted", 179, True), ("activated", 179, True),
        ("denied", 179, True), ("accepted", 180, False), ("offered", 0, False),
    ],
)  # fmt: skip
def test_an_answered_product_rests_as_long_as_the_policy_says(outcome: str, days: int, rests: bool) -> None:
    standing = Standing("P", outcome, NOW - timedelta(days=days))
    assert rules.resting([standing], Policy(1), NOW) == ({"P"} if rests else set())


def an_issue(status: str | None = "closed", *, well: bool = False, days: int | None = 1) -> Issue:
    settled_at = None if days is None else NOW - timedelta(days=days)
    return Issue(uuid4(), "complaint", status, settled_at, well)


@pytest.mark.parametrize(
    ("issue", "is_open"),
    [
        (an_issue("new", days=None), True), (an_issue("in_progress", days=None), True),
        (an_issue("resolved"), True), (an_issue("resolved", well=True), False), (an_issue("closed"), False),
        (an_issue("merged", days=None), False), (an_issue("withdrawn", days=None), False),
        (an_issue(None, well=True), False),
    ],
)  # fmt: skip
def test_an_issue_is_open_until_it_is_closed_or_rated_well(issue: Issue, is_open: bool) -> None:
    assert rules.is_open(issue) is is_open


def test_the_last_settled_issue_counts_and_a_good_end_before_a_mere_one() -> None:
    well, merely, long_ago = an_issue(well=True, days=5), an_issue(days=2), an_issue(well=True, days=31)
    for order in permutations([well, merely, long_ago]):
        assert rules.settled(order, Policy(1), NOW) == ("settled_well", well)
    assert rules.settled([merely, long_ago], Policy(1), NOW) == ("settled", merely)
    assert rules.settled([long_ago], Policy(1), NOW) == ("none", None)
    assert rules.settled([an_issue("in_progress", days=None)], Policy(1), NOW) == ("none", None)


@pytest.mark.parametrize(
    ("said", "code", "note"),
    [
        (None, None, None), ("price", "price", None), ("价格太高", "price", None), ("other", "other", None),
        ("家里人不让办", "other", "家里人不让办"),
    ],
)  # fmt: skip
def test_a_reason_is_a_code_and_what_the_code_does_not_say(
    said: str | None, code: str | None, note: str | None
) -> None:
    assert (rules.reason_code(said), rules.note_of(said)) == (code, note)


def test_more_reasons_come_first_then_the_priority_of_the_office() -> None:
    plain = _an_offer("A", Audience(), priority=90)
    liked = _an_offer("B", Audience((Condition("tier", any_of=("A",)),), (Condition("brand", any_of=(1,)),)))
    who = Situation(1, 2, 3, (4,), (4,), "A", 3)
    assert [c.offer.code for c in choose([plain, liked], who, Policy(1))] == ["B", "A"]
    equal = _an_offer("C", Audience(), priority=95)
    assert [c.offer.code for c in choose([plain, equal], who, Policy(1))] == ["C", "A"]


def _an_offer(code: str, audience: Audience, priority: int = 50) -> Offer:
    return Offer(code, 1, "业务", ("好用",), "10 元/月", audience, True, priority, date(2026, 1, 1), None)
