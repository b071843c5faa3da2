"""What tickets and orders cannot find by the customer's id."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.customers import repository as customers
from services.complaints.tickets import repository as tickets
from services.complaints.tickets.usecases import ERASED
from services.complaints.work_orders import repository as work_orders
from shared import erasure


async def erase_numbers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Tickets and orders with their numbers that know no customer, and answers about any ticket of theirs.

    A number with a new holder is left alone.
    """
    numbers = await customers.numbers_of_nobody_else(session, ids)
    about = await tickets.ids_about(session, ids, numbers)
    await tickets.erase_words_from(session, numbers, ERASED)
    await work_orders.erase_words_from(session, numbers, ERASED)
    await erasure.erase(session, [*ids, *about])
