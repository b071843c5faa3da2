"""What an explanation looks up beside the message: its template's version, its campaign, its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.campaigns.models import Campaign
from services.messaging.explanations.rules import Line
from services.messaging.messages.models import GatewayAnswer, Message
from services.messaging.plans.models import Plan
from services.messaging.templates.models import Template


@dataclass(frozen=True, slots=True)
class Origins:
    """Where a message came from; what retention or time took away is None."""

    template: Template | None
    campaign: Campaign | None
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A message, what it came from, what gateways answered, and all of it in words."""

    message: Message
    origins: Origins
    answers: Sequence[GatewayAnswer]
    cap: Mapping[str, Any] | None
    lines: Sequence[Line]


async def origins_of(session: AsyncSession, message: Message) -> Origins:
    return Origins(
        template=await session.get(Template, (message.template_code, message.template_version)),
        campaign=await session.get(Campaign, message.campaign_id) if message.campaign_id else None,
        plan=await session.get(Plan, message.plan_id) if message.plan_id else None,
    )
