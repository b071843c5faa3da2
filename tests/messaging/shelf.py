"""Looking into the database: messages, slots, answers, and what was said."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import select

from services.messaging.budget.models import CapSlot
from services.messaging.messages.models import GatewayAnswer, Message
from shared.database import Database
from shared.events.base import Event
from shared.testing.outboxes import events_said

E = TypeVar("E", bound=Event)


class Shelf:
    """What one test wants to see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self, model: Any, *where: Any) -> Sequence[Any]:
        async with self._database.reading() as session:
            return (await session.scalars(select(model).where(*where))).all()

    async def messages(self, *where: Any) -> Sequence[Message]:
        return sorted(await self.rows(Message, *where), key=lambda m: m.id)

    async def message(self, message_id: UUID | None = None) -> Message:
        (message,) = await self.messages(*([Message.id == message_id] if message_id else []))
        return message

    async def statuses(self) -> list[str]:
        return sorted(message.status for message in await self.messages())

    async def slots(self) -> Sequence[CapSlot]:
        return await self.rows(CapSlot)

    async def answers(self) -> list[str]:
        return [a.said for a in sorted(await self.rows(GatewayAnswer), key=lambda a: a.id or 0)]

    async def said(self, kind: type[E]) -> list[E]:
        return [event for event in await events_said(self._database) if isinstance(event, kind)]

    async def change(self, model: Any, *where: Any, **values: Any) -> None:
        async with self._database.transaction() as session:
            await session.execute(sa.update(model).where(*where).values(**values))
