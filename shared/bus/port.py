"""What the house asks of a bus: durable publication, order per key, and groups that read on from their commits."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class BusUnavailable(Exception):
    """The bus did not take or give messages; nothing is known to be lost, try again."""


class Message(NamedTuple):
    """One record: CloudEvents headers in binary mode and the event's JSON as value."""

    topic: str
    key: str
    headers: dict[str, str]
    value: bytes


class Fetched(NamedTuple):
    """A record with its place in the log."""

    topic: str
    key: str
    headers: dict[str, str]
    value: bytes
    partition: int
    offset: int


class Batch(NamedTuple):
    """What one fetch returned, and the group's place in the log (the bus's own affair) once all of it is handled."""

    messages: list[Fetched]
    place: Mapping[Any, int]


class Subscription(Protocol):
    """One member of a consumer group. The next batch may be fetched before the one in hand is committed."""

    async def fetch(self, limit: int, timeout: float) -> Batch: ...

    async def commit(self, batch: Batch) -> None:
        """All up to the end of this batch is handled."""
        ...

    async def rewind(self) -> None:
        """Fetch again from the last commit."""
        ...

    async def lag(self) -> int:
        """Messages published and not yet committed by this member."""
        ...

    async def close(self) -> None: ...


class Bus(Protocol):
    async def ensure_topics(self, topics: Sequence[str]) -> None: ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once all messages are durable; raise `BusUnavailable` when that is not certain."""
        ...

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription: ...

    async def check(self) -> bool: ...

    async def close(self) -> None: ...
