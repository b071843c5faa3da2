"""From the bus to the handlers: one transaction a batch, the inbox first, the offset last.

Handled once: an event's id goes into the inbox in the transaction of its effects. A batch that fails is taken apart;
what fails alone, several times, goes to the dead letters with its reason, and its neighbours go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import groupby
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from shared import clock, context, dead_letters, inbox, telemetry
from shared.bus.port import Batch, Bus, BusUnavailable, Fetched, Subscription
from shared.database import Database, is_unavailable
from shared.events.base import Envelope, Event
from shared.events.registry import EVENTS
from shared.inbox import Delivery

__all__ = ["Consumer", "Delivery", "Handler", "Handlers", "Unreadable", "bulk", "merge", "read"]

log = structlog.get_logger(__name__)

Handler = Callable[[AsyncSession, Any], Awaitable[None]]
Handlers = Mapping[Any, Sequence[Handler]]

_Decoded = tuple[Batch, list[Delivery[Event]] | None]

BATCH = 1000
RETRY_SECONDS = (0.05, 0.5, 2.0)
OUTAGE_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


def bulk(handler: Handler) -> Handler:
    """Mark a handler that takes a list of deliveries of one event: for projections, written set-based."""
    handler.bulk = True  # type: ignore[attr-defined]
    return handler


def merge(*tables: Handlers) -> dict[type[Event], list[Handler]]:
    """One service's table of handlers out of its capabilities' tables."""
    merged: dict[type[Event], list[Handler]] = {}
    for table in tables:
        for event, handlers in table.items():
            merged.setdefault(event, []).extend(handlers)
    return merged


class Unreadable(Exception):
    """The record is not an event this house knows how to read."""


def read(message: Fetched, now: datetime) -> Delivery[Event]:
    """Decode a record; raises `Unreadable` without repeating its content, which may be anybody's."""
    try:
        envelope = Envelope.from_headers(message.headers)
        event = EVENTS[message.topic].from_json(message.value)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, e["loc"])) or "?" for e in error.errors()[:5])
        raise Unreadable(f"fields refused: {fields}") from None
    except (KeyError, ValueError) as error:
        raise Unreadable(type(error).__name__) from None
    return Delivery(event, envelope, now)


def _read_all(messages: Sequence[Fetched]) -> list[Delivery[Event]] | None:
    """All decoded, or None when one of them cannot be: then each is looked at alone."""
    now = clock.now()
    try:
        return [read(message, now) for message in messages]
    except Unreadable:
        return None


class Consumer:
    """One member of a service's group."""

    def __init__(self, database: Database, bus: Bus, handlers: Handlers, *, batch: int = BATCH) -> None:
        self._database, self._bus, self._handlers, self._batch = database, bus, handlers, batch
        self.subscription: Subscription | None = None
        self._coming: asyncio.Future[_Decoded] | None = None
        self._committing: asyncio.Future[None] | None = None

    @property
    def topics(self) -> list[str]:
        return sorted(event.topic for event in self._handlers)

    async def run(self, stop: asyncio.Event) -> None:
        """Handle batches until `stop`; the batch in hand is finished and committed."""
        outages = 0
        while not stop.is_set() and self._handlers:
            try:
                await self.step(timeout=1.0)
                outages = 0
            except Exception as error:
                if not (isinstance(error, BusUnavailable) or is_unavailable(error)):
                    raise
                log.warning(
                    "consumer.interrupted", service=self._database.service, reason=type(error).__name__
                )
                await self._again(OUTAGE_SECONDS[min(outages, len(OUTAGE_SECONDS) - 1)], stop)
                outages += 1
        await self.close()

    async def close(self) -> None:
        """Leave the group, the offset of the last batch committed; what was fetched ahead is another member's."""
        if self._committing is not None:
            await asyncio.wait([self._committing], timeout=1)
        await self._forget_what_comes()
        if self.subscription is not None:
            await self.subscription.close()

    async def _again(self, seconds: float, stop: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            pass
        await self._forget_what_comes()
        if self.subscription is not None:
            try:
                await self.subscription.rewind()
            except BusUnavailable:
                log.warning("consumer.rewind_failed", service=self._database.service)

    async def step(self, timeout: float) -> int:
        """Handle one batch and commit its offset; how many records it had.

        While there is more than a batch to read, the next is fetched and decoded, and the offset of the last committed,
        while the database works.
        """
        batch, deliveries = await self._next(timeout)
        more = len(batch.messages) == self._batch
        if more:
            self._coming = asyncio.ensure_future(self._fetch(timeout))
        if batch.messages:
            await self.handle(batch.messages, deliveries)
            await self._acknowledge(batch, at_once=not more)
        return len(batch.messages)

    async def _next(self, timeout: float) -> "_Decoded":
        if self.subscription is None:
            self.subscription = await self._bus.subscribe(self._database.service, self.topics)
        coming, self._coming = self._coming, None
        return await (coming or self._fetch(timeout))

    async def _fetch(self, timeout: float) -> "_Decoded":
        assert self.subscription is not None
        batch = await self.subscription.fetch(self._batch, timeout)
        return batch, _read_all(batch.messages)

    async def _acknowledge(self, batch: Batch, *, at_once: bool) -> None:
        """One commit after the other; a crash before it reads the batch again, and the inbox knows it."""
        assert self.subscription is not None
        before, self._committing = self._committing, None
        if before is not None:
            await before
        committing = asyncio.ensure_future(self.subscription.commit(batch))
        if at_once:
            await committing
        else:
            self._committing = committing

    async def _forget_what_comes(self) -> None:
        ahead = [task for task in (self._coming, self._committing) if task is not None]
        self._coming = self._committing = None
        for task in ahead:
            task.cancel()
        if ahead:
            await asyncio.wait(ahead)

    async def handle(
        self, messages: Sequence[Fetched], deliveries: Sequence[Delivery[Event]] | None = None
    ) -> None:
        """Give every message its one effect or its dead letter. Raises only when the database is away."""
        deliveries = deliveries or _read_all(messages)
        try:
            if deliveries is not None:
                return await self._handle_together(deliveries)
            reason = Unreadable.__name__
        except Exception as error:
            if is_unavailable(error):
                raise
            reason = type(error).__name__
        if len(messages) > 1:
            log.warning("consumer.batch_taken_apart", service=self._database.service, reason=reason)
        for message in messages:
            await self._handle_alone(message)

    async def _handle_together(self, deliveries: Sequence[Delivery[Event]]) -> None:
        async with self._database.transaction() as session:
            fresh = await inbox.receive(session, deliveries, clock.now())
            for event, group in groupby(sorted(fresh, key=_topic), key=lambda d: type(d.event)):
                await self._apply(session, event, list(group))

    async def _apply(self, session: AsyncSession, event: type[Event], group: list[Delivery[Event]]) -> None:
        for handler in self._handlers.get(event, ()):
            if getattr(handler, "bulk", False):
                with _on_behalf_of_all(group, handler):
                    await handler(session, group)
                continue
            for delivery in group:
                with _on_behalf_of(delivery, handler):
                    await handler(session, delivery)

    async def _handle_alone(self, message: Fetched) -> None:
        for attempt, seconds in enumerate((*RETRY_SECONDS, None), start=1):
            try:
                return await self._handle_together([read(message, clock.now())])
            except Exception as error:
                if is_unavailable(error):
                    raise
                if seconds is None or isinstance(error, Unreadable):
                    return await self._bury(message, error, attempt)
                await asyncio.sleep(seconds)

    async def _bury(self, message: Fetched, error: Exception, attempts: int) -> None:
        log.error(
            "consumer.dead_letter",
            service=self._database.service,
            topic=message.topic,
            error=type(error).__name__,
        )
        async with self._database.transaction() as session:
            await dead_letters.bury(session, message, error, attempts=attempts, now=clock.now())


def _topic(delivery: Delivery[Event]) -> str:
    return delivery.event.topic


def _on_behalf_of_all(group: Sequence[Delivery[Event]], handler: Handler) -> AbstractContextManager[None]:
    """One delivery's ids and trace; of several only the traces, as links: nobody's request alone caused the work."""
    if len(group) == 1:
        return _on_behalf_of(group[0], handler)
    traces = [d.envelope.traceparent for d in group if d.envelope.traceparent]
    return telemetry.joined(handler.__name__, traces) if traces else nullcontext()


def _on_behalf_of(delivery: Delivery[Event], handler: Handler) -> "_Span":
    return _Span(delivery.envelope, handler.__name__)


class _Span(AbstractContextManager[None]):
    """The ids and the trace of the event's request, for the time of one handler."""

    __slots__ = ("_ids", "_trace")

    def __init__(self, envelope: Envelope, name: str) -> None:
        self._ids = context.working_for(
            correlation=envelope.correlation_id, causation=str(envelope.id), by=envelope.actor
        )
        self._trace = telemetry.continued(name, envelope.traceparent) if envelope.traceparent else None

    def __enter__(self) -> None:
        self._ids.__enter__()
        if self._trace:
            self._trace.__enter__()

    def __exit__(self, *error: Any) -> None:
        if self._trace:
            self._trace.__exit__(*error)
        self._ids.__exit__(*error)
