"""What the house asks of a bus: durable publication, order per key, and groups that read on from their commits."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


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


class Subscription(Protocol):
    """One member of a consumer group. `commit` acknowledges what the last `fetch` returned, nothing else."""

    async def fetch(self, limit: int, timeout: float) -> list[Fetched]: ...

    async def commit(self) -> None: ...

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
