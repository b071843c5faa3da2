"""An SMS centre that speaks SMPP 3.4, on aiosmpplib's PDUs: phones behind it, receipts, and faults a test asks for."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiosmpplib import (
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    OptionalParam,
    PduHeader,
    PhoneNumber,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)  # fmt: skip
from aiosmpplib import SmppCommand as Command
from aiosmpplib import SmppCommandStatus as Status

KINDS: dict[Command, Any] = {
    Command.BIND_TRANSCEIVER: BindTransceiver,
    Command.SUBMIT_SM: SubmitSm,
    Command.DELIVER_SM_RESP: DeliverSmResp,
    Command.ENQUIRE_LINK: EnquireLink,
    Command.ENQUIRE_LINK_RESP: EnquireLinkResp,
    Command.UNBIND: Unbind,
}
RECEIPT = 0x04


@dataclass
class SmsCentre:
    """Serves any number of sessions of one account on a port of loopback."""

    port: int = 0
    system_id: str = "hall"
    password: str = "8letters"
    answers_in_hex: bool = False
    zeros_before: int = 0
    state: str = "DELIVRD"
    mute: bool = False
    hang_up: bool = False
    deaf: bool = False
    late: float = 0
    refusals: list[int] = field(default_factory=list)
    """Statuses that the next submissions are answered with; nothing is taken then."""

    def __post_init__(self) -> None:
        self.taken: list[SubmitSm] = []
        self.submitted: Counter[str] = Counter()
        self.acknowledged: list[int] = []
        self.binds = self.unbinds = self.enquired = 0
        self._ids, self._sequence = itertools.count(0xABC), itertools.count(1)
        self._open: set[asyncio.StreamWriter] = set()
        self._sessions: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["SmsCentre"]:
        server = await asyncio.start_server(self._session, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.sleep(0.01)
            for task in list(self._tasks):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def texts(self) -> list[tuple[str, str]]:
        """What phones show: parts of one message put together."""
        whole: dict[Any, dict[int, str]] = {}
        for number, message in enumerate(self.taken):
            reference, part, parts = message.get_segmentation_data()
            key = (
                (message.destination.number, reference)
                if parts
                else (message.destination.number, -number - 1)
            )
            whole.setdefault(key, {})[part] = message.short_message or message.message_payload
        return [(key[0], "".join(parts[n] for n in sorted(parts))) for key, parts in whole.items()]

    def reply(self, sender: str, text: str, **other: Any) -> None:
        """A phone answers: over the newest session."""
        self._deliver(DeliverSm(
            short_message=text, source=PhoneNumber(sender), destination=PhoneNumber("10657501"),
            encoding=None if text.isascii() else "ucs2", **other,
        ))  # fmt: skip

    def report(self, message_id: int, state: str, *, option: bool = False) -> None:
        """A receipt in the words of the specification's appendix B; the id with the zeros that the centre likes."""
        done = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%y%m%d%H%M}"
        number = str(message_id).rjust(self.zeros_before, "0")
        words = (
            f"id:{number} sub:001 dlvrd:001 submit date:{done} done date:{done} stat:{state} err:000 text:"
        )
        options = [OptionalParam(0x001E, number)] if option else []
        self._deliver(DeliverSm(
            short_message=words, source=PhoneNumber("13800138000"), destination=PhoneNumber("10657501"),
            esm_class=RECEIPT, optional_params=options,
        ))  # fmt: skip

    def cut(self) -> None:
        """All sessions break, as when a cable is pulled."""
        for writer in list(self._open):
            writer.transport.abort()

    def _deliver(self, message: DeliverSm) -> None:
        message.sequence_num = next(self._sequence)
        for writer in list(self._sessions)[-1:]:
            writer.write(message.pdu())

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = await reader.readexactly(16)
                header = SubmitSm.parse_header(head)
                pdu = head + await reader.readexactly(header.pdu_length - 16)
                await self._answer(header, pdu, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._sessions.discard(writer)
            self._open.discard(writer)
            writer.close()

    async def _answer(self, header: PduHeader, pdu: bytes, writer: asyncio.StreamWriter) -> None:
        message = KINDS[header.smpp_command].from_pdu(pdu, header, "gsm0338")
        if self.deaf:
            return
        if isinstance(message, BindTransceiver):
            known = (message.system_id, message.password) == (self.system_id, self.password)
            self.binds += known
            status = Status.ESME_ROK if known else Status.ESME_RINVPASWD
            writer.write(BindTransceiverResp(header.sequence_num, status, system_id="SMSC").pdu())
            self._sessions.update({writer} if known else ())
        elif isinstance(message, SubmitSm) and not isinstance(message, DeliverSm):
            self._submitted(message, writer)
        elif isinstance(message, EnquireLink):
            self.enquired += 1
            writer.write(EnquireLinkResp(header.sequence_num).pdu())
        elif isinstance(message, DeliverSmResp):
            self.acknowledged.append(header.command_status)
        elif isinstance(message, Unbind):
            self.unbinds += 1
            writer.write(UnbindResp(header.sequence_num).pdu())

    def _submitted(self, message: SubmitSm, writer: asyncio.StreamWriter) -> None:
        self.submitted[message.short_message or message.message_payload] += 1
        if self.refusals:
            status = Status(self.refusals.pop(0))
            writer.write(SubmitSmResp(sequence_num=message.sequence_num, command_status=status).pdu())
            return
        self.taken.append(message)
        if self.hang_up:
            writer.transport.abort()
        if self.mute or self.hang_up:
            return
        number = next(self._ids)
        task = asyncio.create_task(self._tell(message, number, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, message: SubmitSm, number: int, writer: asyncio.StreamWriter) -> None:
        """The answer, and right after it the receipt."""
        await asyncio.sleep(self.late)
        name = f"{number:X}" if self.answers_in_hex else str(number)
        writer.write(SubmitSmResp(sequence_num=message.sequence_num, message_id=name).pdu())
        if self.state:
            self.report(number, self.state)
