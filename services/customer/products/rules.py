"""Whom a product suits, as data: conditions on what the hall knows, in a closed vocabulary, and the words they give."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from services.customer.archive.rules import CodeTables
from shared.errors import FieldError

# What a condition may be about. Coded facts are judged by the code tables, named ones have their few values here.
CODED = {
    "brand": "brand", "age_band": "age_band", "spend_band": "spend_band",
    "habits": "habit", "preferences": "preference",
}  # fmt: skip
NAMED = {"tier": ("A", "B", "C"), "hall": ("busy", "idle"), "contact": ("none", "settled", "settled_well")}
COUNTED = ("days_since_contact",)

FOR_EVERYBODY = "适合所有客户"


@dataclass(frozen=True, slots=True)
class Situation:
    """A customer at the counter today: the profile, the last contact, how the hall and their last issue stand."""

    brand: int
    age_band: int
    spend_band: int
    habits: tuple[int, ...]
    preferences: tuple[int, ...]
    tier: str
    days_since_contact: int
    hall: str = "idle"
    contact: str = "none"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a product is offered: the fact's name, and the sentence the clerk may say."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on one fact: one of these values, none of those, or a range."""

    fact: str
    any_of: tuple[int | str, ...] = ()
    none_of: tuple[int | str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, situation: Situation) -> bool:
        value = getattr(situation, self.fact)
        if self.fact in COUNTED:
            return (self.at_least is None or value >= self.at_least) and (
                self.at_most is None or value <= self.at_most
            )
        values = set(value) if isinstance(value, tuple) else {value}
        return (not self.any_of or not values.isdisjoint(self.any_of)) and values.isdisjoint(self.none_of)

    def reason(self, situation: Situation, tables: CodeTables) -> Reason | None:
        """None for a condition that only keeps somebody away."""
        if self.fact in COUNTED:
            days = getattr(situation, self.fact)
            words = f"已有 {days} 天没有联系" if self.at_least is not None else "最近刚联系过"
            return Reason(self.fact, words)
        if not self.any_of:
            return None
        value = getattr(situation, self.fact)
        met = [v for v in (value if isinstance(value, tuple) else (value,)) if v in self.any_of]
        if self.fact in NAMED:
            return Reason(self.fact, _NAMED_WORDS[self.fact, met[0]])
        labels = tables.labels(CODED[self.fact], met, None)
        return Reason(self.fact, _CODED_WORDS[self.fact].format(labels))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        lists = {name: tuple(data[name]) for name in ("any_of", "none_of") if name in data}
        return cls(**{**data, **lists})

    def to_json(self) -> dict[str, Any]:
        """Only what is said: {"fact": "habits", "any_of": [4]}."""
        said: dict[str, Any] = {"fact": self.fact}
        said |= {name: list(codes) for name in ("any_of", "none_of") if (codes := getattr(self, name))}
        ends = {name: getattr(self, name) for name in ("at_least", "at_most")}
        return said | {name: end for name, end in ends.items() if end is not None}


@dataclass(frozen=True, slots=True)
class Audience:
    """`must` all hold, or the product does not fit; each of `likes` that holds puts it further in front."""

    must: tuple[Condition, ...] = ()
    likes: tuple[Condition, ...] = ()

    def fits(self, situation: Situation) -> bool:
        return all(condition.holds(situation) for condition in self.must)

    def reasons(self, situation: Situation, tables: CodeTables) -> list[Reason]:
        """Why it fits, one sentence a fact; there is always one."""
        held = [*self.must, *(like for like in self.likes if like.holds(situation))]
        told = [reason for condition in held if (reason := condition.reason(situation, tables))]
        return list({reason.code: reason for reason in reversed(told)}.values())[::-1] or [
            Reason("everybody", FOR_EVERYBODY)
        ]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(*(tuple(map(Condition.from_json, data.get(part, ()))) for part in ("must", "likes")))

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "must": [condition.to_json() for condition in self.must],
            "likes": [condition.to_json() for condition in self.likes],
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as recommendations see it."""

    code: str
    version: int
    name: str
    selling_points: tuple[str, ...]
    price_text: str
    audience: Audience
    quick: bool
    priority: int
    valid_from: date
    valid_to: date | None

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def unknown_codes(audience: Audience, tables: CodeTables) -> list[FieldError]:
    """Every code of the rule that is in no code table."""
    wrong = []
    for part, conditions in (("must", audience.must), ("likes", audience.likes)):
        for at, condition in enumerate(conditions):
            knows = _vocabulary(condition.fact, tables)
            for member in ("any_of", "none_of"):
                codes = enumerate(getattr(condition, member))
                wrong += [f"/audience/{part}/{at}/{member}/{i}" for i, code in codes if not knows(code)]
    return [FieldError(pointer, "code-unknown", "代码表中没有这个代码，请核对。") for pointer in wrong]


def price_text(fen: int, charged: str) -> str:
    """38 元/月, 5.50 元/次."""
    yuan, cents = divmod(fen, 100)
    amount = f"{yuan}.{cents:02}" if cents else str(yuan)
    return f"{amount} 元/月" if charged == "monthly" else f"{amount} 元/次"


def condition_words(condition: Condition, tables: CodeTables) -> str:
    """A condition for whoever reads the product's rule: 用机习惯：经常手机上网."""
    if condition.fact in COUNTED:
        ends = (("至少 {} 天没有联系", condition.at_least), ("{} 天内联系过", condition.at_most))
        return "，".join(words.format(end) for words, end in ends if end is not None)
    texts = [("", condition.any_of), ("不是 ", condition.none_of)]
    return "；".join(
        f"{FACT_NAMES[condition.fact]}：{sign}{_labels(condition.fact, codes, tables)}"
        for sign, codes in texts
        if codes
    )


FACT_NAMES = {
    "brand": "品牌", "age_band": "年龄阶段", "spend_band": "每月消费", "habits": "用机习惯", "preferences": "业务偏好",
    "tier": "客户类别", "hall": "营业厅", "contact": "咨询和投诉",
}  # fmt: skip
_VALUE_NAMES = {
    "busy": "忙时", "idle": "闲时", "none": "最近没有", "settled": "已办结", "settled_well": "已办结且满意",
    "A": "A 类", "B": "B 类", "C": "C 类",
}  # fmt: skip
_CODED_WORDS = {
    "brand": "品牌是{}", "age_band": "年龄阶段 {}", "spend_band": "每月消费 {}",
    "habits": "{}", "preferences": "喜欢{}",
}  # fmt: skip
_NAMED_WORDS = {
    ("tier", "A"): "A 类重点客户", ("tier", "B"): "B 类客户", ("tier", "C"): "C 类客户",
    ("hall", "busy"): "忙时也能很快办好", ("hall", "idle"): "现在是闲时，可以细细介绍",
    ("contact", "none"): "最近没有咨询和投诉", ("contact", "settled"): "上次反映的问题已经办结",
    ("contact", "settled_well"): "上次反映的问题已妥善解决，客户满意",
}  # fmt: skip


def _labels(fact: str, codes: Iterable[Any], tables: CodeTables) -> str:
    if fact in NAMED:
        return "、".join(_VALUE_NAMES[code] for code in codes)
    return tables.labels(CODED[fact], codes, None)


def _vocabulary(fact: str, tables: CodeTables) -> Callable[[Any], bool]:
    if fact in NAMED:
        return NAMED[fact].__contains__
    return lambda code: tables.knows(CODED.get(fact, ""), code)
