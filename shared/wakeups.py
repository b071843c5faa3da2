"""Wake-ups instead of polling: a commit rings a bell, the loop that waits for it looks at its table.

A bell carries no data and may be lost (a crash, another machine); every waiter therefore also looks after a while.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable


class Wakeups:
    """Named bells of one process. Ringing twice before anyone looks is one ring."""

    def __init__(self) -> None:
        self._bells: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def ring(self, *names: str) -> None:
        for name in names:
            for bell in self._bells[name]:
                bell.set()

    def bell(self, *names: str) -> "Bell":
        """A waiter for any of these bells."""
        return Bell(self, names)

    def hang(self, names: Iterable[str], event: asyncio.Event) -> None:
        for name in names:
            self._bells[name].add(event)

    def take_down(self, names: Iterable[str], event: asyncio.Event) -> None:
        for name in names:
            self._bells[name].discard(event)


class Bell:
    """One waiter: hang it *before* looking at the table, so that no ring is missed between look and wait."""

    def __init__(self, wakeups: Wakeups, names: Iterable[str]) -> None:
        self._wakeups, self._names, self._event = wakeups, tuple(names), asyncio.Event()
        wakeups.hang(self._names, self._event)

    async def wait(self, timeout: float, stop: asyncio.Event | None = None) -> bool:
        """Return at the next ring, at `stop`, or after `timeout` seconds, whichever comes first; whether it rang."""
        waiting = [asyncio.ensure_future(event.wait()) for event in (self._event, stop) if event is not None]
        try:
            await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        rang = self._event.is_set()
        self._event.clear()
        return rang

    def ring(self) -> None:
        self._event.set()

    def close(self) -> None:
        self._wakeups.take_down(self._names, self._event)
