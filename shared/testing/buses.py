"""A bus that remembers: for tests of what is published and of what happens while the bus is down."""

from collections.abc import Sequence

from shared.bus.port import BusUnavailable, Fetched, Message, Subscription


class RecordingBus:
    """Keeps every published message in order; `down = True` refuses all; groups read one shared log."""

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.down = False
        self.committed: dict[str, int] = {}

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        self.refuse_when_down()

    async def publish(self, messages: Sequence[Message]) -> None:
        self.refuse_when_down()
        self.published.extend(messages)

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        self.refuse_when_down()
        return _Cursor(self, group, frozenset(topics))

    async def check(self) -> bool:
        return not self.down

    async def close(self) -> None:
        return None

    def refuse_when_down(self) -> None:
        if self.down:
            raise BusUnavailable("the bus is down")


class _Cursor:
    def __init__(self, bus: RecordingBus, group: str, topics: frozenset[str]) -> None:
        self._bus, self._group, self._topics = bus, group, topics
        self._at = bus.committed.get(group, 0)

    async def fetch(self, limit: int, timeout: float) -> list[Fetched]:
        self._bus.refuse_when_down()
        found: list[Fetched] = []
        while self._at < len(self._bus.published) and len(found) < limit:
            message = self._bus.published[self._at]
            if message.topic in self._topics:
                found.append(Fetched(message.topic, message.key, message.headers, message.value, 0, self._at))
            self._at += 1
        return found

    async def commit(self) -> None:
        self._bus.committed[self._group] = self._at

    async def rewind(self) -> None:
        self._at = self._bus.committed.get(self._group, 0)

    async def lag(self) -> int:
        return len(self._bus.published) - self._at

    async def close(self) -> None:
        return None
