"""What the archive's fields mean: code tables, completeness, masks, changes and the texts rendered from the record."""

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from shared import clock
from shared.errors import FieldError

# Until the tier rule has looked at a customer they are kept in touch with like everybody else (C8).
NEW_CUSTOMERS_TIER = "C"

GENDERS = {"男": "male", "m": "male", "male": "male", "女": "female", "f": "female", "female": "female"}
TICKET_OUTCOMES = {
    "new": "待处理",
    "assigned": "已派单",
    "in_progress": "处理中",
    "waiting": "等待中",
    "resolved": "已解决",
    "closed": "已办结",
    "merged": "已合并",
    "withdrawn": "已撤销",
}
TICKET_KINDS = {"enquiry": "咨询", "complaint": "投诉"}
# The complaints service may know more categories than we have words for; those are shown as 其他.
TICKET_CATEGORIES = {
    "tariff_doubt": "资费争议",
    "unauthorised_activation": "未经同意开通业务",
    "network": "网络质量",
    "sms_nuisance": "短信骚扰",
    "attitude": "服务态度",
    "service_error": "业务办理差错",
    "promotion": "营销活动争议",
    "enquiry": "业务",
}
OFFER_OUTCOMES = {
    "offered": "已推荐",
    "accepted": "客户接受",
    "declined": "客户没有接受",
    "activated": "已办理",
    "denied": "客户否认办理",
}
DECLINE_REASONS = {
    "price": "价格太高",
    "not_needed": "用不上",
    "has_similar": "已有类似业务",
    "later": "以后再说",
    "no_time": "没有时间",
    "distrust": "担心乱扣费",
    "other": "其他原因",
}


@dataclass(frozen=True, slots=True)
class Code:
    """One line of a code table. Bands own their lower bound and not their upper one: 25 years is band 25–35."""

    kind: str
    code: int
    label: str
    lower: int | None = None
    upper: int | None = None

    def holds(self, amount: Decimal) -> bool:
        return (self.lower is None or self.lower <= amount) and (self.upper is None or amount < self.upper)


class CodeTables:
    """The code tables of C4 as they stand: brand, age_band, spend_band, habit, preference."""

    def __init__(self, codes: Iterable[Code]) -> None:
        self._tables: dict[str, dict[int, Code]] = {}
        for code in codes:
            self._tables.setdefault(code.kind, {})[code.code] = code

    @property
    def kinds(self) -> list[str]:
        return list(self._tables)

    def of(self, kind: str) -> list[Code]:
        return list(self._tables.get(kind, {}).values())

    def knows(self, kind: str, code: int) -> bool:
        return code in self._tables.get(kind, {})

    def label(self, kind: str, code: int) -> str:
        known = self._tables.get(kind, {}).get(code)
        return known.label if known else str(code)

    def pairs(self, kind: str) -> list[tuple[int, str]]:
        """Codes with their labels, for a list to choose from."""
        return [(code.code, code.label) for code in self.of(kind)]

    def labels(self, kind: str, codes: Iterable[int], note: str | None) -> str:
        """Several codes and a note in words."""
        return "、".join([*(self.label(kind, code) for code in codes), *([note] if note else [])])

    def band_of(self, kind: str, amount: Decimal) -> int | None:
        """The band an age or a monthly amount falls into."""
        return next((code.code for code in self.of(kind) if code.holds(amount)), None)

    def code_called(self, kind: str, label: str) -> int | None:
        return next((code.code for code in self.of(kind) if code.label == label), None)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the hall knows of a customer beside number and consents."""

    name: str
    brand: int
    age_band: int
    spend_band: int
    gender: str | None = None
    habits: tuple[int, ...] = ()
    habits_note: str | None = None
    preferences: tuple[int, ...] = ()
    preferences_note: str | None = None


class HallPlate(Protocol):
    """The hall's registered name and number, as they must stand in the customer's phone."""

    @property
    def registered_name(self) -> str: ...

    @property
    def number(self) -> str: ...


class TicketSeen(Protocol):
    """A ticket as the archive shows it."""

    kind: str | None
    category: str | None
    status: str | None
    score: int | None


class OfferSeen(Protocol):
    """A product put to the customer, as the archive shows it."""

    title: str
    outcome: str
    reason: str | None
    at: datetime


def unknown_codes(profile: Profile, tables: CodeTables) -> list[FieldError]:
    """Every code of the profile that is in no table."""
    single = (("brand", profile.brand), ("age_band", profile.age_band), ("spend_band", profile.spend_band))
    wrong = [f"/{kind}" for kind, code in single if not tables.knows(kind, code)]
    for kind, member, codes in (
        ("habit", "habits", profile.habits),
        ("preference", "preferences", profile.preferences),
    ):
        wrong += [f"/{member}/{i}" for i, code in enumerate(codes) if not tables.knows(kind, code)]
    return [FieldError(pointer, "code-unknown", "代码表中没有这个代码，请核对。") for pointer in wrong]


def completeness(profile: Profile) -> tuple[int, int]:
    """How many of the archive's seven descriptive fields are filled, and of how many (C14)."""
    filled = [
        bool(profile.name),
        *(code is not None for code in (profile.brand, profile.age_band, profile.spend_band, profile.gender)),
        bool(profile.habits or profile.habits_note),
        bool(profile.preferences or profile.preferences_note),
    ]
    return sum(filled), len(filled)


def differences_from_plate(name: str, number: str, plate: HallPlate) -> list[FieldError]:
    """What differs between the entry stored in a phone and the hall's registered name and number (C2).

    The name must be equal to the letter; of the number only the digits count, since people write it with blanks.
    """
    wrong = []
    if name != plate.registered_name:
        wrong.append(
            FieldError("/number_stored/name", "name-differs", f"存入的名称应为“{plate.registered_name}”。")
        )
    if _digits(number) != _digits(plate.number):
        wrong.append(
            FieldError("/number_stored/number", "number-differs", f"存入的号码应为“{plate.number}”。")
        )
    return wrong


def mask_name(name: str) -> str:
    """The family name and stars: 李*."""
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""


def changes(before: Profile, after: Profile) -> list[dict[str, Any]]:
    """Each field that differs, as the history keeps it: the name masked, the rest as it was and is."""
    old, new = asdict(before), asdict(after)
    differing = [field for field in old if old[field] != new[field]]
    return [
        {"field": field, "before": _for_history(field, old[field]), "after": _for_history(field, new[field])}
        for field in differing
    ]


def tickets_text(tickets: Iterable[TicketSeen], carried_over: str | None = None) -> str:
    """服务和投诉信息: one phrase a ticket, such as 投诉资费争议：已解决（评分 5）, after what the paper sheet said."""
    phrases = [carried_over] if carried_over else []
    phrases += [ticket_phrase(ticket) for ticket in tickets]
    return "；".join(phrases)


def offers_text(offers: Iterable[OfferSeen], carried_over: str | None = None) -> str:
    """营销推荐情况: one phrase a product, such as 彩铃包月：客户接受（2026.11.25）, after what the paper sheet said."""
    phrases = [carried_over] if carried_over else []
    phrases += [offer_phrase(offer) for offer in offers]
    return "；".join(phrases)


def offer_phrase(offer: OfferSeen) -> str:
    day = clock.business_date(offer.at)
    why = f"{DECLINE_REASONS.get(offer.reason, '其他原因')}，" if offer.reason else ""
    return f"{offer.title}：{OFFER_OUTCOMES[offer.outcome]}（{why}{day.year}.{day.month}.{day.day}）"


def ticket_phrase(ticket: TicketSeen) -> str:
    what = TICKET_KINDS.get(ticket.kind or "", "工单") + TICKET_CATEGORIES.get(ticket.category or "", "其他")
    outcome = TICKET_OUTCOMES.get(ticket.status or "", "处理中")
    rating = f"（评分 {ticket.score}）" if ticket.score is not None else ""
    return f"{what}：{outcome}{rating}"


def _for_history(field: str, value: Any) -> Any:
    return mask_name(value) if field == "name" else value


def _digits(number: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", number) if char.isdigit())
