"""What a survey asks and how an answer has to fit it; when somebody may be asked again; a one-time link's secret."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.errors import FieldError

KNOWN_FOR = timedelta(days=30)
"""How long a customer has been archived before a periodic survey asks them."""
KINDS = {"counter": "到厅", "after_ticket": "工单办结后", "periodic": "定期"}
STATUSES = {"open": "等待评价", "answered": "已评价", "expired": "已过期", "withdrawn": "已撤销"}
CHANNELS = {"counter": "当面", "phone": "电话", "link": "客户自己填写"}
WITHDRAWN_TICKET = "withdrawn"
SUBJECTS = {"clerk": "served_by", "hall": "hall", "county": "county"}


@dataclass(frozen=True, slots=True)
class Question:
    """One question, answered from 1 to `out_of`."""

    code: str
    text: str
    out_of: int = 5

    def fits(self, score: int) -> bool:
        return 1 <= score <= self.out_of


@dataclass(frozen=True, slots=True)
class Served:
    """The contact that is asked about: what it was, and who served where, as it was then."""

    contact: str
    served_by: str
    hall: str
    county: str


def questions_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    return tuple(Question(**question) for question in stored)


def wrong_scores(questions: Sequence[Question], scores: Mapping[str, int]) -> list[FieldError]:
    """Every question has its answer within bounds, and nothing else is answered."""
    asked = {question.code: question for question in questions}
    missing = [FieldError(f"/scores/{code}", "missing", "请评分。") for code in asked if code not in scores]
    unknown = [
        FieldError("/scores", "question-unknown", "有问卷里没有的题目。")
        for code in scores
        if code not in asked
    ]
    outside = [
        FieldError(f"/scores/{code}", "score-out-of-range", f"应在 1 与 {asked[code].out_of} 之间。")
        for code, score in scores.items()
        if code in asked and not asked[code].fits(score)
    ]
    return [*missing, *unknown[:1], *outside]


def ticket_contact(ticket_id: UUID, cycle: int) -> str:
    """The contact that a closed cycle of a ticket is."""
    return f"ticket:{ticket_id}:{cycle}"


def asked_before(now: datetime, rest_days: int) -> datetime:
    """Who was last asked at or before this moment may be asked again."""
    return now - timedelta(days=rest_days)


def reminder_due(now: datetime, remind_after_days: int | None, expires_at: datetime) -> datetime | None:
    """When the hall is reminded, once; never if the invitation ends before."""
    if remind_after_days is None:
        return None
    due = now + timedelta(days=remind_after_days)
    return due if due < expires_at else None


def new_token() -> str:
    """The secret of a link: 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a link. The secret is long and random, so a plain hash gives nothing away."""
    return hashlib.sha256(token.encode()).hexdigest()


def link_to(public_url: str, token: str) -> str:
    return f"{public_url.rstrip('/')}/customer/survey/{token}"


def draw(month: str, hall: str) -> str:
    """Where in the order of the keyed indexes a month's sample begins: others each month, chosen by nobody."""
    return hashlib.sha256(f"{month}/{hall}".encode()).hexdigest()
