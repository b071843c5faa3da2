"""What a rule of conditions says about a customer: properties of the closed vocabulary."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.customer.archive.rules import Code, CodeTables
from services.customer.products import rules
from services.customer.products.rules import Audience, Condition, Situation
from services.customer.products.schemas import AudienceBody

CODES = {"brand": range(1, 4), "age_band": range(1, 5), "spend_band": range(5), "habits": range(1, 5)}
CODES["preferences"] = range(1, 5)
TABLES = CodeTables(
    Code(rules.CODED[fact], code, f"{fact}{code}") for fact, codes in CODES.items() for code in codes
)


def some_of(values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(list(values)), min_size=1, max_size=4, unique=True).map(tuple)


def about_values(fact: str, values: Any) -> st.SearchStrategy[Condition]:
    return st.one_of(
        some_of(values).map(lambda v: Condition(fact, any_of=v)),
        some_of(values).map(lambda v: Condition(fact, none_of=v)),
        st.tuples(some_of(values), some_of(values)).map(lambda v: Condition(fact, any_of=v[0], none_of=v[1])),
    )


days = st.integers(0, 400)
conditions = st.one_of(
    *(about_values(fact, codes) for fact, codes in CODES.items()),
    *(about_values(fact, values) for fact, values in rules.NAMED.items()),
    days.map(lambda n: Condition("days_since_contact", at_least=n)),
    days.map(lambda n: Condition("days_since_contact", at_most=n)),
)
audiences = st.builds(Audience, *(st.lists(conditions, max_size=5).map(tuple) for _ in ("must", "likes")))
situations = st.builds(
    Situation,
    *(st.sampled_from(list(CODES[fact])) for fact in ("brand", "age_band", "spend_band")),
    *(st.lists(st.sampled_from(list(CODES[f])), unique=True).map(tuple) for f in ("habits", "preferences")),
    st.sampled_from("ABC"),
    days,
    st.sampled_from(rules.NAMED["hall"]),
    st.sampled_from(rules.NAMED["contact"]),
)


@given(audiences, situations, conditions)
def test_one_more_condition_never_lets_anybody_in(
    audience: Audience, who: Situation, more: Condition
) -> None:
    narrower = Audience((*audience.must, more), audience.likes)
    assert narrower.fits(who) == (audience.fits(who) and more.holds(who))


@given(audiences, situations, conditions)
def test_what_is_only_liked_keeps_nobody_away(audience: Audience, who: Situation, like: Condition) -> None:
    assert Audience(audience.must, (*audience.likes, like)).fits(who) == audience.fits(who)


@given(situations, st.data())
def test_of_two_opposite_conditions_exactly_one_holds(who: Situation, data: st.DataObject) -> None:
    fact = data.draw(st.sampled_from([*CODES, *rules.NAMED]))
    values = data.draw(some_of(CODES.get(fact) or rules.NAMED[fact]))
    assert Condition(fact, any_of=values).holds(who) != Condition(fact, none_of=values).holds(who)


@given(situations, days)
def test_days_are_either_enough_or_not(who: Situation, n: int) -> None:
    enough = Condition("days_since_contact", at_least=n + 1).holds(who)
    assert enough != Condition("days_since_contact", at_most=n).holds(who)


@given(audiences, situations)
def test_a_fitting_product_always_gives_a_reason_and_each_fact_once(
    audience: Audience, who: Situation
) -> None:
    reasons = audience.reasons(who, TABLES) if audience.fits(who) else [rules.Reason("x", "x")]
    assert reasons
    assert all(reason.words for reason in reasons)
    assert len({reason.code for reason in reasons}) == len(reasons)


@given(audiences)
def test_a_rule_is_the_same_after_it_was_stored(audience: Audience) -> None:
    assert Audience.from_json(audience.to_json()) == audience
    assert AudienceBody.model_validate(audience.to_json()).value() == audience.to_json()
    assert rules.unknown_codes(audience, TABLES) == []
    assert all(rules.condition_words(c, TABLES) for c in (*audience.must, *audience.likes))


def test_a_code_that_is_in_no_table_is_pointed_at() -> None:
    audience = Audience((Condition("brand", any_of=(1, 9)),), (Condition("tier", none_of=("D",)),))
    wrong = [error.pointer for error in rules.unknown_codes(audience, TABLES)]
    assert wrong == ["/audience/must/0/any_of/1", "/audience/likes/0/none_of/0"]


def test_reasons_are_sentences_a_clerk_can_say() -> None:
    who = Situation(2, 2, 1, (3, 4), (4,), "A", 40, "busy", "settled_well")
    audience = Audience(
        (Condition("habits", any_of=(4,)), Condition("days_since_contact", at_least=30)),
        (Condition("tier", any_of=("A", "B")), Condition("contact", any_of=("settled_well",))),
    )
    assert [reason.words for reason in audience.reasons(who, TABLES)] == [
        "habits4", "已有 40 天没有联系", "A 类重点客户", "上次反映的问题已妥善解决，客户满意",
    ]  # fmt: skip
    assert [r.words for r in Audience().reasons(who, TABLES)] == ["适合所有客户"]


def test_prices_are_said_as_people_say_them() -> None:
    assert rules.price_text(3800, "monthly") == "38 元/月"
    assert rules.price_text(550, "once") == "5.50 元/次"
