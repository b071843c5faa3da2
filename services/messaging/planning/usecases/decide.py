"""Deciding about planned messages: who, what text, when, and a cap slot; a message that lacks a fact stays planned."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience.models import Customer, Hall
from services.messaging.budget import rules as budget_rules
from services.messaging.budget import usecases as budget
from services.messaging.budget.models import ClassRule
from services.messaging.budget.rules import Free, Refused
from services.messaging.budget.usecases import Want
from services.messaging.messages import usecases as messages
from services.messaging.messages.models import Message
from services.messaging.planning import repository, rules
from services.messaging.planning.repository import Facts
from services.messaging.suppression.rules import reason_against
from services.messaging.templates import rules as templates
from shared.database import wake_after_commit

NO_HALL = {"hall": "中国移动", "hall_number": "10086", "busy_from": "25", "busy_to": "5"}
"""Signs answers to senders who belong to no hall."""


async def decide(session: AsyncSession, planned: Sequence[Message], *, now: datetime) -> None:
    """Queue, hold or suppress each message; what still waits for its customer or hall is left as it is."""
    if not planned:
        return
    facts = await repository.facts_about(session, planned)
    ready = [message for message in planned if _prepare(message, facts, now)]
    refused = [(m, reason) for m in ready if (reason := reason_noting_consent(m, facts, now))]
    await messages.suppress(session, refused, now=now)
    late = [m for m in ready if m.is_waiting and m.deadline is not None and m.deadline <= now]
    await messages.expire(session, late, "deadline-passed", now=now)
    await take_slots(session, [m for m in ready if m.is_waiting], facts, now=now)
    wake_after_commit(session, messages.DISPATCH, messages.RELEASE)


async def take_slots(session: AsyncSession, ready: Sequence[Message], facts: Facts, *, now: datetime) -> None:
    """Reserve a slot for each, then queue or hold it; whoever gets none is suppressed with the reason."""
    wants = [Want(m.id, m.customer_id, m.message_class, m.send_at) for m in ready if m.customer_id]
    answers = await budget.reserve_slots(session, wants, facts.rules, now=now)
    refused = []
    for message in ready:
        answer = answers.get(message.id)
        _note_cap(message, answer, facts)
        if isinstance(answer, Refused):
            refused.append((message, answer.reason))
            continue
        if isinstance(answer, Free):
            message.cap_pool, message.cap_month, message.cap_slot = answer.pool, answer.month, answer.slot_no
        go(message, now)
    await messages.suppress(session, refused, now=now)


def go(message: Message, now: datetime) -> None:
    """Into the queue when its time has come, else held until then."""
    if message.send_at <= now:
        message.queue(now=now)
    else:
        message.hold(message.send_at, now=now)


def hours_of(rule: ClassRule, hall: Hall | None) -> list[rules.Interval]:
    """The minutes of the day in which this class may be sent for this hall."""
    keeps = rule.keeps_hall_hours and hall is not None
    hall_hours = rules.intervals(hall.sms_from, hall.sms_until) if hall is not None and keeps else None
    return rules.allowed(hall_hours, rules.intervals(rule.sends_from, rule.sends_until))


def schedule(message: Message, facts: Facts, now: datetime) -> None:
    """The next allowed moment, spread when it is not now; never past the deadline."""
    earliest = max(now, message.send_at)
    rule = facts.rules.of(message.message_class, earliest)
    hours = hours_of(rule, facts.halls.get(message.hall or ""))
    at = rules.next_allowed(earliest, hours)
    if at > earliest:
        room = timedelta(minutes=rule.spread_minutes)
        late = rules.spread(at, hours, rules.share_of(message.id.int), room)
        at = late if message.deadline is None or late < message.deadline else at
    message.send_at = at
    held = at.isoformat() if at > now else None
    _note(message, "quiet_hours", {"allowed_minutes": [list(i) for i in hours], "held_until": held})


def _prepare(message: Message, facts: Facts, now: datetime) -> bool:
    """Fill in what the facts tell; False while the customer or the hall is not known yet."""
    customer = facts.customers.get(message.customer_id) if message.customer_id else None
    if message.customer_id and (customer is None or not (customer.is_known or not customer.is_active)):
        return False
    if customer is not None:
        _address(message, customer)
    hall = facts.halls.get(message.hall or "")
    if message.hall and hall is None:
        return False
    _write(message, facts, hall)
    schedule(message, facts, now)
    rule = facts.rules.of(message.message_class, message.send_at)
    message.due_at = message.deadline or message.send_at + timedelta(minutes=rule.patience_minutes)
    route = rules.choose_route(facts.routes, message.hall, message.message_class)
    message.gateway, message.fallback = route.gateway, route.fallback
    return True


def _address(message: Message, customer: Customer) -> None:
    message.hall, message.county, message.clerk = customer.hall, customer.county, customer.clerk
    message.phone_enc, message.phone_index = customer.phone_enc, customer.phone_index
    message.phone_masked = customer.phone_masked


def _write(message: Message, facts: Facts, hall: Hall | None) -> None:
    template = facts.templates[message.template_code]
    words = hall.words() if hall else NO_HALL
    message.text = templates.compose(template.text, template.message_class, words, message.params)
    message.segments, message.template_version = templates.segments(message.text), template.version


def reason_noting_consent(message: Message, facts: Facts, now: datetime) -> str | None:
    """Why not, with the consent that was looked at noted on the message: the proof of what it rests on."""
    if message.customer_id is None:
        return None
    standing = facts.standings.get(message.customer_id)
    if standing is None:
        return "not-archived"
    word = standing.word_for(message.message_class)
    if word is not None and word.consent_id != message.consent_id:
        message.consent_id, message.consent_at = word.consent_id, word.at
        _note(message, "consent", {
            "consent_id": str(word.consent_id), "granted": word.granted, "at": word.at.isoformat(),
            "wording_version": word.wording_version,
        })  # fmt: skip
    return reason_against(standing, message.message_class, rests_since(message, facts, now))


def rests_since(message: Message, facts: Facts, now: datetime) -> datetime:
    """A ticket that closed later than this, without a good rating, still keeps the message's class back (M4)."""
    return now - timedelta(days=facts.rules.of(message.message_class, now).ticket_rest_days)


def _note_cap(message: Message, answer: Free | Refused | None, facts: Facts) -> None:
    """Which pool it was about, who shares it, and what was decided: every answer about the message tells it."""
    dated = facts.rules.at(message.send_at)
    rule = dated[message.message_class]
    if answer is None or rule.pool is None:
        return
    shared = budget_rules.sharers(dated, message.message_class)
    noted = {"pool": rule.pool, "shared_with": shared, "cap": rule.cap}
    if isinstance(answer, Refused):
        next_free = answer.next_free_at.isoformat()
        noted |= {"refused": answer.reason, "held_back": answer.held_back, "next_free_at": next_free}
    _note(message, "cap", noted)


def _note(message: Message, name: str, decision: Any) -> None:
    message.decisions = {**message.decisions, name: decision}
