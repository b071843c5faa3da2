"""Messages that are ready to go."""

from collections.abc import Awaitable, Callable

import pytest

from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.people import Ears

Queue = Callable[[int], Awaitable[None]]


@pytest.fixture
def queue(ears: Ears, phones: PhoneBook) -> Queue:
    """`await queue(3)`: three introductions ready to go."""

    async def fill(count: int) -> None:
        customers = [people.a_customer(phones, phone=f"139{number:08d}") for number in range(count)]
        await ears.hear(people.a_hall())
        await ears.hear(*customers)

    return fill
