"""A look into a service's outbox: what its transactions have said and the relay has not yet taken."""

from shared.bus.port import Message
from shared.database import Database
from shared.events.base import Event
from shared.events.registry import EVENTS
from shared.outbox import IN_ORDER, messages_of


async def said(database: Database) -> list[Message]:
    """The messages waiting in the outbox, in order."""
    async with database.reading() as session:
        return messages_of(await session.execute(IN_ORDER))


async def events_said(database: Database) -> list[Event]:
    """The same as events."""
    return [EVENTS[m.topic].from_json(m.value) for m in await said(database) if m.topic in EVENTS]
