"""What dispatch and receipts need of a gateway, whatever it speaks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, runtime_checkable
from uuid import UUID

Said = Literal["accepted", "delivered", "failed", "rejected"]
Failure = Literal["number-dead", "unreachable", "blacklisted", "limited", "content", "account", "other"]
"""What a carrier's code comes to, whatever the carrier: what is done about it hangs on this and not on the code."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One message to one number, on its way out: here, and only here, the number is clear."""

    message_id: UUID
    to: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Submitted:
    """What came of a submission.

    `not-sent` needs proof that the gateway does not have it: no connection, or its own word that it took nothing.
    `unknown` is everything that leaves room for doubt. `retry_after` is about this message only. The gateway as a whole
    may ask for less (`slow_down`) or refuse the account (`pause`): then the next message would be refused, too.
    """

    result: Literal["accepted", "rejected", "not-sent", "unknown"]
    gateway_message_id: str | None = None
    code: str | None = None
    failure: Failure | None = None
    retry_after: timedelta | None = None
    slow_down: timedelta | None = None
    pause: timedelta | None = None
    parts: tuple[str, ...] = ()
    """The gateway's ids of the parts of a long message, where each part has one."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a gateway reports later about a message, named by our id or by its own."""

    said: Said
    at: datetime
    message_id: UUID | None = None
    gateway_message_id: str | None = None
    segment: int = 0
    segments: int = 1
    code: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One SMS from a phone."""

    inbound_id: str
    sender: str = field(repr=False)
    to: str
    text: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An element of a callback that is not what it should be; it is kept without its content."""

    reason: str


@dataclass(frozen=True, slots=True)
class Callback:
    """A gateway's request to us, raw: signatures are over bytes, and some bytes are no UTF-8."""

    headers: Mapping[str, str]
    query: bytes
    body: bytes = field(repr=False)
    address: str
    secret: str | None = field(default=None, repr=False)


class Gateway(Protocol):
    """One gateway. `query` is None where the gateway cannot be asked."""

    @property
    def can_be_asked(self) -> bool:
        """Whether `query` is answered, so that its "never heard of it" proves that nothing was sent."""

    @property
    def at_hand(self) -> bool:
        """Whether this process may claim messages for it: not where another process holds its connection."""

    async def submit(self, submission: Submission) -> Submitted:
        """Hand one message over. Never raises for what a network can do."""

    async def query(self, message_id: UUID) -> Receipt | None:
        """What the gateway knows of a message; None when it never got it. Raises GatewayAway."""

    def admits(self, callback: Callback) -> bool:
        """Whether the callback proves that it comes from this gateway."""

    def parse_receipts(self, callback: Callback) -> list[Receipt | Unreadable]:
        """Every element by itself: a bad one does not spoil the others."""

    def parse_inbound(self, callback: Callback) -> list[Inbound | Unreadable]:
        """The same for messages from phones."""


Take = Callable[[Sequence[Receipt | Unreadable], Sequence[Inbound | Unreadable]], Awaitable[None]]
"""Stores what came in over a connection; what raises is not acknowledged and comes again."""


@runtime_checkable
class Connected(Protocol):
    """A gateway that is spoken to over a connection which stays: one process at a time holds it."""

    async def hold(self, take: Take, stop: asyncio.Event) -> None:
        """Keep the connection up until `stop`; the gateway is at hand meanwhile."""


class GatewayAway(Exception):
    """The gateway did not answer a question."""
