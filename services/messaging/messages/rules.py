"""From the set of a gateway's answers to the state of a message: a pure function of the set, so order cannot matter.

Rank: delivered over failed over accepted over unknown. That it arrived is stronger evidence than that it did not:
gateways do report failures of messages which were delivered on a second try.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

STATUSES = (
    *("planned", "held", "queued", "submitting", "accepted", "delivered"),
    *("failed", "unknown", "suppressed", "cancelled", "expired"),
)
WAITING = ("planned", "held", "queued")
"""States in which the message has provably not left the house."""
SENT = ("accepted", "delivered")

IN_HAND = (*WAITING, "submitting")
"""States in which content and number are still needed."""

STATUS_NAMES = {
    "planned": "等待资料",
    "held": "等待时段",
    "queued": "等待发送",
    "submitting": "正在提交",
    "accepted": "网关已收",
    "delivered": "已送达",
    "failed": "失败",
    "unknown": "结果未知",
    "suppressed": "未发",
    "cancelled": "已取消",
    "expired": "已过期",
}
REASON_NAMES = {
    "no-consent": "没有同意接收",
    "opted-out": "已退订",
    "cap-reached": "本月次数已满",
    "min-gap": "间隔太短",
    "number-dead": "号码已失效",
    "do-not-contact": "在禁发名单中",
    "complaint-open": "有未结投诉或咨询",
    "complaint-recent": "投诉刚办结",
    "left-network": "已离网",
    "not-archived": "没有档案",
    "deadline-passed": "已过截止时间",
    "campaign-cancelled": "任务已取消",
}

Said = Literal["accepted", "delivered", "failed", "rejected", "unknown", "not-sent", "not-found"]
"""The last two prove that one attempt came to nothing; they say nothing about the message."""

WHOLE = 0
"""The segment number of an answer about the whole message."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing a gateway said about a message or about one part of it, numbered from 1."""

    said: Said
    at: datetime
    segment: int = WHOLE
    segments: int = 1
    code: str | None = None
    failure: str | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all answers together mean."""

    status: Literal["accepted", "delivered", "failed", "unknown"]
    at: datetime
    code: str | None
    accepted_at: datetime | None
    was_accepted: bool
    failure: str | None = None


SAID_NAMES = {
    "accepted": "已收下",
    "delivered": "已送达",
    "failed": "送达失败",
    "rejected": "拒收",
    "unknown": "没有答复",
    "not-sent": "没有提交成功",
    "not-found": "查询：没有收到过",
}


def reason_name(reason: str) -> str:
    """Why a message was kept back, for people."""
    return REASON_NAMES.get(reason, "其他原因")


def outcome(answers: Iterable[Answer]) -> Outcome | None:
    """The state those answers add up to; None for none. `at` is the earliest moment that decides it."""
    given = sorted(answers, key=_order)
    taken = [a for a in given if a.said in ("accepted", "delivered", "failed")]
    accepted_at = min((a.at for a in taken), default=None)
    for status, decisive in _by_rank(given):
        if decisive:
            first = min(decisive, key=_order)
            last = max(a.at for a in decisive) if status == "delivered" and first.segment else first.at
            return Outcome(status, last, first.code, accepted_at, bool(taken), first.failure)
    return None


def _by_rank(
    given: list[Answer],
) -> list[tuple[Literal["accepted", "delivered", "failed", "unknown"], list[Answer]]]:
    arrived = {a.segment for a in given if a.said == "delivered"}
    failed = [a for a in given if a.said in ("failed", "rejected") and a.segment not in arrived]
    refuted = {a.attempt for a in given if a.said in ("not-sent", "not-found")}
    return [
        ("delivered", _delivered(given)),
        ("failed", failed),
        ("accepted", [a for a in given if a.said in ("accepted", "delivered")]),
        ("unknown", [a for a in given if a.said == "unknown" and a.attempt not in refuted]),
    ]


def _delivered(given: list[Answer]) -> list[Answer]:
    """The answers that prove the whole message arrived: one about the whole, or one about every part."""
    whole = [a for a in given if a.said == "delivered" and a.segment == WHOLE]
    if whole:
        return whole
    parts = [a for a in given if a.said == "delivered"]
    expected = max((a.segments for a in given if a.segment != WHOLE), default=0)
    complete = parts and {a.segment for a in parts} >= set(range(1, expected + 1))
    return parts if complete else []


def _order(answer: Answer) -> tuple[datetime, str, int, int, str]:
    """Total, so that two answers of one moment are never told apart by which came first."""
    return answer.at, answer.said, answer.segment, answer.segments, answer.code or ""
