"""What the kernel keeps of people, and forgets: answers to requests, and what nobody could handle."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared import dead_letters, idempotency
from shared.database import wake_after_commit

BELL = "scrub"


async def erase(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Erase these people from the kernel's own tables, and from the database's files once this is committed."""
    await idempotency.erase_answers(session, ids)
    await dead_letters.erase(session, ids)
    wake_after_commit(session, BELL)
