"""Everything of a person that messaging keeps, in one place."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.inbound import repository as replies
from services.messaging.messages import repository as store
from services.messaging.messages import usecases as messages
from services.messaging.plans import repository as plans
from services.messaging.receipts import repository as inbox
from services.messaging.suppression import repository as suppression
from shared import erasure

GONE = "left-network"


async def erase_customers(session: AsyncSession, ids: Sequence[UUID], *, now: datetime) -> None:
    """Stop what waits; erase what never left the house, replies, what gateways posted, and numbers kept back.

    A number that has a new holder already is left alone.
    """
    numbers = await audience.numbers_of_nobody_else(session, ids)
    waiting = await store.waiting_of_customers(session, ids)
    await messages.suppress(session, [(message, GONE) for message in waiting], now=now)
    await store.erase_unsent(session, ids)
    await plans.erase_customers(session, ids)
    await replies.erase_customers(session, ids, numbers)
    await inbox.erase(session, numbers)
    await suppression.erase(session, numbers)
    await erasure.erase(session, ids)
