"""One SMPP 3.4 session as a transceiver: bound, asked whether it still lives, bound again when it broke.

It knows for each request whether its bytes may have left: before that `NotLinked` is raised, after it `InDoubt`.
Requests are built by aiosmpplib; what comes in is read here, since a vendor's own statuses must not end the session.
"""

import asyncio
import itertools
import random
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiosmpplib import (
    BindTransceiver,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Unbind,
    UnbindResp,
)
from aiosmpplib import SmppCommandStatus as Status

log = structlog.get_logger(__name__)

HEADER = struct.Struct("!IIII")
LONGEST_PDU = 70_000
RESPONSE = 0x8000_0000
NACK, DELIVER, ENQUIRE, UNBIND = 0x8000_0000, 0x05, 0x15, 0x06
SUBMIT_ANSWER, BIND_ANSWER = 0x8000_0004, 0x8000_0009
HIGHEST_SEQUENCE = 0x7FFF_FFFF
MOST_AT_ONCE = 200
MOST_LATE = 10_000
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
LAST_ANSWERS = 5.0
"""Seconds that answers still on their way are waited for before the session is ended."""


class NotLinked(Exception):
    """Nothing was written: there is no session."""


class InDoubt(Exception):
    """The request was written and no answer came."""


class BindRefused(Exception):
    """The SMS centre does not let us in."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One unit as it came."""

    command: int
    status: int
    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Bind:
    """Where, and as whom."""

    host: str
    port: int
    encrypted: bool
    system_id: str
    password: str
    system_type: str
    enquire_seconds: float
    timeout: float


class Session:
    """`run` keeps it up; `request` uses it. `deliver` is given what came in together and may raise to get it again."""

    def __init__(self, bind: Bind, deliver: Callable[[Sequence[Pdu]], Awaitable[None]]) -> None:
        self._bind, self._deliver = bind, deliver
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[int, asyncio.Future[Pdu]] = {}
        self._late: dict[int, Callable[[Pdu], None]] = {}
        self._sequence = itertools.count(random.randint(1, 10_000))  # noqa: S311
        self._arrived: asyncio.Queue[Pdu] = asyncio.Queue(MOST_AT_ONCE)
        self.bound = False

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, and again whenever it broke, with longer and longer waits, until `stop`."""
        wait = FIRST_WAIT
        while not stop.is_set():
            try:
                await self._connect()
                wait = FIRST_WAIT
                await self._serve(stop)
            except (OSError, TimeoutError, EOFError, BindRefused, ValueError) as error:
                log.warning("smpp.session_lost", reason=f"{type(error).__name__}: {error}"[:120])
            finally:
                await self._hang_up()
            await _either(stop, wait * (0.75 + random.random() / 2))  # noqa: S311
            wait = min(wait * 2, LONGEST_WAIT)

    async def request(self, message: Any, timeout: float, late: Callable[[Pdu], None]) -> Pdu:
        """Write and await the answer; one that comes after `timeout` is given to `late`. Raises NotLinked, InDoubt."""
        if not self.bound or self._writer is None:
            raise NotLinked
        sequence = message.sequence_num = self._next()
        content = message.pdu()
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._answers[sequence] = answer
        try:
            self._writer.write(content)
            async with asyncio.timeout(timeout):
                await self._writer.drain()
                return await answer
        except (TimeoutError, OSError, EOFError) as error:
            if len(self._late) < MOST_LATE:
                self._late[sequence] = late
            raise InDoubt(type(error).__name__) from error
        finally:
            self._answers.pop(sequence, None)

    async def _connect(self) -> None:
        async with asyncio.timeout(self._bind.timeout):
            context = ssl.create_default_context() if self._bind.encrypted else None
            opened = asyncio.open_connection(self._bind.host, self._bind.port, ssl=context, limit=LONGEST_PDU)
            self._reader, self._writer = await opened
            wanted = BindTransceiver(
                system_id=self._bind.system_id, password=self._bind.password, system_type=self._bind.system_type,
                sequence_num=self._next(),
            )  # fmt: skip
            self._writer.write(wanted.pdu())
            answer = await self._read()
        if answer.command != BIND_ANSWER or answer.status:
            raise BindRefused(f"status {answer.status:#x}")
        self.bound = True
        log.info("smpp.bound", host=self._bind.host)

    async def _serve(self, stop: asyncio.Event) -> None:
        """Until the connection breaks, or `stop`: then what is in flight is answered first, and the session unbound."""
        parts = [asyncio.create_task(part()) for part in (self._listen, self._store, self._enquire)]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*parts, stopping], return_when=asyncio.FIRST_COMPLETED)
            if stopping in done:
                await self._part()
            for part in done - {stopping}:
                part.result()
        finally:
            for task in [*parts, stopping]:
                task.cancel()
            await asyncio.gather(*parts, stopping, return_exceptions=True)

    async def _part(self) -> None:
        self.bound = False
        if self._answers:
            await asyncio.wait(list(self._answers.values()), timeout=LAST_ANSWERS)
        self._write(Unbind(sequence_num=self._next()))

    async def _listen(self) -> None:
        while True:
            pdu, self._alive = await self._read(), True
            if pdu.command in (SUBMIT_ANSWER, NACK):
                self._answered(pdu)
            elif pdu.command == DELIVER:
                await self._arrived.put(pdu)
            elif pdu.command == ENQUIRE:
                self._write(EnquireLinkResp(sequence_num=pdu.sequence))
            elif pdu.command == UNBIND:
                self._write(UnbindResp(sequence_num=pdu.sequence))
                raise EOFError("unbound by the other side")
            elif not pdu.command & RESPONSE:
                self._write(GenericNack(pdu.sequence, Status.ESME_RINVCMDID))

    def _answered(self, pdu: Pdu) -> None:
        answer = self._answers.get(pdu.sequence)
        if answer is not None and not answer.done():
            answer.set_result(pdu)
        elif late := self._late.pop(pdu.sequence, None):
            late(pdu)

    async def _store(self) -> None:
        """Acknowledge what came in only once it is stored; what could not be is asked for again."""
        while True:
            arrived = [await self._arrived.get()]
            while not self._arrived.empty() and len(arrived) < MOST_AT_ONCE:
                arrived.append(self._arrived.get_nowait())
            status = Status.ESME_ROK
            try:
                await self._deliver(arrived)
            except Exception as error:  # noqa: BLE001 whatever it was, the centre keeps it
                log.error("smpp.not_stored", count=len(arrived), reason=type(error).__name__)  # noqa: TRY400
                status = Status.ESME_RX_T_APPN
            for pdu in arrived:
                self._write(DeliverSmResp(sequence_num=pdu.sequence, command_status=status))

    async def _enquire(self) -> None:
        """A session over which nothing came back since the last question is dead."""
        while True:
            self._alive = False
            self._write(EnquireLink(sequence_num=self._next()))
            await asyncio.sleep(self._bind.enquire_seconds)
            if not self._alive:
                raise EOFError("no answer to enquire_link")

    async def _read(self) -> Pdu:
        length, command, status, sequence = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        if not HEADER.size <= length <= LONGEST_PDU:
            raise ValueError(f"a PDU of {length} bytes")
        return Pdu(command, status, sequence, await self._reader.readexactly(length - HEADER.size))

    def _write(self, message: Any) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(message.pdu())

    async def _hang_up(self) -> None:
        """Whoever waits for an answer will not get one."""
        self.bound = False
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(EOFError("session lost"))
        self._late.clear()
        while not self._arrived.empty():
            self._arrived.get_nowait()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _next(self) -> int:
        return (next(self._sequence) - 1) % HIGHEST_SEQUENCE + 1


async def _either(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
