"""A bus that remembers: for tests of what is published and of what happens while the bus is down."""

from collections.abc import Sequence

from shared.bus.port import Batch, BusUnavailable, Fetched, Message, Subscription


class RecordingBus:
    """Keeps every published message in order; `down = True` refuses all; groups have a position per topic."""

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.committed: dict[tuple[str, str], int] = {}
        self.down = False

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        self.refuse_when_down()

    async def publish(self, messages: Sequence[Message]) -> None:
        self.refuse_when_down()
        self.published.extend(messages)

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        self.refuse_when_down()
        return _Member(self, group, topics)

    async def check(self) -> bool:
        return not self.down

    async def close(self) -> None:
        return None

    def refuse_when_down(self) -> None:
        if self.down:
            raise BusUnavailable("the bus is down")


class _Member:
    def __init__(self, bus: RecordingBus, group: str, topics: Sequence[str]) -> None:
        self._bus, self._group, self._topics = bus, group, topics
        self._read_to = self._positions()

    def _positions(self) -> dict[str, int]:
        return {topic: self._bus.committed.get((self._group, topic), 0) for topic in self._topics}

    def _unread(self) -> list[Fetched]:
        return [
            Fetched(m.topic, m.key, m.headers, m.value, 0, offset)
            for offset, m in enumerate(self._bus.published)
            if offset >= self._read_to.get(m.topic, offset + 1)
        ]

    async def fetch(self, limit: int, timeout: float) -> Batch:
        self._bus.refuse_when_down()
        found = self._unread()[:limit]
        self._read_to.update({message.topic: message.offset + 1 for message in found})
        return Batch(found, dict(self._read_to))

    async def commit(self, batch: Batch) -> None:
        self._bus.committed.update({(self._group, topic): at for topic, at in batch.place.items()})

    async def rewind(self) -> None:
        self._read_to = self._positions()

    async def lag(self) -> int:
        return len(self._unread())

    async def close(self) -> None:
        return None
