"""Putting an explanation together."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.explanations import repository, rules
from services.messaging.explanations.repository import Explanation, Origins
from services.messaging.explanations.rules import Line
from services.messaging.messages import repository as messages
from services.messaging.messages.models import GatewayAnswer, Message
from services.messaging.plans import rules as plans
from services.messaging.templates import rules as templates
from shared.security.tenancy import Area


async def explain_message(session: AsyncSession, message_id: UUID, area: Area) -> Explanation:
    """Raises MessageNotFound."""
    message = await messages.get_message(session, message_id, area)
    answers = await messages.answers_of(session, message.id)
    origins, cap = await repository.origins_of(session, message), cap_of(message)
    return Explanation(message, origins, answers, cap, _lines(message, origins, answers, cap))


def cap_of(message: Message) -> dict[str, Any] | None:
    """The slot it took, and what was noted when it was asked for; None where no cap applies."""
    noted = message.decisions.get("cap", {})
    if message.cap_pool is None and not noted:
        return None
    return {"pool": message.cap_pool, "month": message.cap_month, "slot": message.cap_slot, **noted}


def _lines(
    message: Message, origins: Origins, answers: Sequence[GatewayAnswer], cap: Mapping[str, Any] | None
) -> list[Line]:
    m, noted, template = message, message.decisions, origins.template
    lines = [
        rules.cause_line(m.cause, m.requested_by, m.created_at),
        _origin_line(origins),
        rules.template_line(
            m.template_code, m.template_version,
            template.title if template else None, template.approver if template else None,
        ),
        rules.consent_line(m.message_class, noted.get("consent"), exempt=templates.is_exempt(m.message_class)),
        rules.cap_line(cap, released=_released(message)),
        rules.hours_line(noted.get("quiet_hours")),
        *(rules.answer_line(answer) for answer in answers),
        rules.outcome_line(m.status, m.reason, m.deadline),
    ]  # fmt: skip
    return [line for line in lines if line is not None]


def _released(message: Message) -> str | None:
    """Why the slot is free again: it provably never left the house."""
    ended = message.status in ("suppressed", "expired", "cancelled")
    return message.reason if ended else message.decisions.get("slot_released")


def _origin_line(origins: Origins) -> Line | None:
    if origins.campaign is not None:
        return Line("campaign", "群发任务", f"《{origins.campaign.title}》，{origins.campaign.author} 编制。")
    if origins.plan is None:
        return None
    plan = origins.plan
    kind = plans.CLASS_NAMES[plan.message_class]
    text = f"{plan.hall} {plan.occasion} 的{kind}计划，{plan.author} 撰写，{plan.approver or '尚无人'} 审批。"
    return Line("plan", "短信计划", text)
