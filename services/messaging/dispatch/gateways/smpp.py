"""An SMS centre over SMPP 3.4. It keeps no status that could be asked for, and takes no id of ours.

Every text is UCS-2. A long one goes in parts, each with an id and receipts of its own, or whole in `message_payload`,
as the centre wants it. What is refused before anything was taken was not sent; from the first part on it is doubt.
"""

import asyncio
import hashlib
import itertools
import struct
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from aiosmpplib import NPI, TON, PhoneNumber, SubmitSm

from services.messaging.config import GatewaySettings, SmppSettings
from services.messaging.dispatch.gateways import smpp_pdus as pdus
from services.messaging.dispatch.gateways.smpp_link import Bind, InDoubt, NotLinked, Pdu, Session
from services.messaging.dispatch.gateways.smpp_pdus import Delivered, Part
from services.messaging.dispatch.ports import (
    Callback,
    GatewayAway,
    Inbound,
    Receipt,
    Submission,
    Submitted,
    Take,
    Unreadable,
)
from services.messaging.templates import rules as templates
from shared import clock
from shared.keyring import KeyRing
from shared.phones import InvalidPhone, PhoneBook

LONGEST_NAME, LONGEST_PASSWORD = 15, 8
DEFAULT_PORT = 2775
SHORT_MESSAGE = 140
MOST_PARTS = 10
SECOND_TRY = timedelta(minutes=10)


class SmppGateway:
    """A `Gateway`, and `Connected`: submissions and what comes in share one session."""

    can_be_asked = False

    def __init__(self, name: str, settings: GatewaySettings, keyring: KeyRing, phones: PhoneBook) -> None:
        self._settings, self._smpp, self._phones = settings, settings.smpp or SmppSettings(), phones
        url = urlsplit(settings.url)
        self._session = Session(
            Bind(
                host=url.hostname or "", port=url.port or DEFAULT_PORT, encrypted=url.scheme == "smpps",
                system_id=settings.username, password=keyring.secret(f"gateway:{name}"),
                system_type=self._smpp.system_type, enquire_seconds=self._smpp.enquire_seconds,
                timeout=settings.timeout,
            ),
            self._take_in,
        )  # fmt: skip
        self._references = itertools.count(1)
        self._zone = ZoneInfo(self._smpp.zone)
        self._take: Take | None = None
        self._told_late: set[asyncio.Task[None]] = set()
        self.at_hand = False

    @property
    def linked(self) -> bool:
        """The centre has answered our bind: a message can leave now."""
        return self._session.bound

    async def hold(self, take: Take, stop: asyncio.Event) -> None:
        self._take, self.at_hand = take, True
        try:
            await self._session.run(stop)
        finally:
            self.at_hand = False

    async def submit(self, submission: Submission) -> Submitted:
        parts = self._parts(submission.text)
        if not 0 < templates.segments(submission.text) <= MOST_PARTS:
            code = "text-too-long" if submission.text else "text-empty"
            return Submitted("rejected", code=code, failure="content")
        until, taken = asyncio.get_running_loop().time() + self._settings.timeout, list[str]()
        for number, part in enumerate(parts, 1):
            answer = await self._submit_part(
                submission, part, (number, len(parts)), until, goes_on=bool(taken)
            )
            if answer.result != "accepted":
                return Submitted("unknown", code=f"part-{number}: {answer.code}"[:60]) if taken else answer
            taken.append(answer.gateway_message_id or "")
        return Submitted(
            "accepted", gateway_message_id=taken[0] or None, parts=tuple(taken) if len(taken) > 1 else ()
        )

    async def _submit_part(
        self, submission: Submission, part: Part, place: tuple[int, int], until: float, *, goes_on: bool
    ) -> Submitted:
        """One part. In the middle of a message a throttled part is tried again: the centre said it did not take it."""

        def told_late(pdu: Pdu) -> None:
            self._tell_late(submission.message_id, pdu, place)

        while True:
            left = until - asyncio.get_running_loop().time()
            try:
                answer = await self._session.request(
                    self._message(submission.to, part), max(0.1, left), told_late
                )
            except NotLinked:
                return Submitted("not-sent", code="not-linked")
            except InDoubt as doubt:
                return Submitted("unknown", code=str(doubt))
            submitted = pdus.read_answer(answer, self._smpp.answer_ids)
            if not (goes_on and submitted.slow_down) or left < pdus.AGAIN_AFTER.total_seconds() * 2:
                return submitted
            await asyncio.sleep(pdus.AGAIN_AFTER.total_seconds())

    def _parts(self, text: str) -> list[Part]:
        if self._smpp.long == "payload" or templates.segments(text) <= 1:
            return [(b"", text)]
        return pdus.with_headings(pdus.split(text), next(self._references) % 256)

    def _message(self, to: str, part: Part) -> Any:
        heading, text = part
        national = self._smpp.number == "national"
        destination = PhoneNumber(
            to.removeprefix("+86" if national else "+"),
            TON.NATIONAL if national else TON.INTERNATIONAL,
            NPI.ISDN,
        )
        content = heading + text.encode("utf-16-be")
        fits = len(content) <= SHORT_MESSAGE
        message = SubmitSm(
            short_message=text if fits else "", message_payload="" if fits else text,
            source=PhoneNumber(self._settings.sender, TON(self._smpp.source_ton), NPI(self._smpp.source_npi)),
            destination=destination, service_type=self._smpp.service_type, encoding="ucs2", registered_delivery=1,
            esm_class=pdus.WITH_HEADING if heading else 0,
        )  # fmt: skip
        if fits:
            message.set_encoded_message(content)
        return message

    def _tell_late(self, message_id: UUID, pdu: Pdu, place: tuple[int, int]) -> None:
        """An answer nobody waits for any more still settles what is unknown."""
        submitted = pdus.read_answer(pdu, self._smpp.answer_ids)
        if submitted.result == "not-sent" or submitted.result == "unknown" or self._take is None:
            return
        number, parts = place if place[1] > 1 else (0, 1)
        receipt = Receipt(
            submitted.result, clock.now(), message_id, submitted.gateway_message_id, number, parts, submitted.code,
            submitted.failure,
        )  # fmt: skip
        task = asyncio.ensure_future(self._take([receipt], []))
        self._told_late.add(task)
        task.add_done_callback(self._told_late.discard)

    async def _take_in(self, arrived: Sequence[Pdu]) -> None:
        receipts, inbound = list[Receipt | Unreadable](), list[Inbound | Unreadable]()
        for pdu in arrived:
            try:
                delivered = pdus.read_deliver(pdu.body)
                if delivered.esm_class & pdus.RECEIPT_BITS:
                    receipts.append(pdus.read_receipt(delivered, self._smpp.receipt_ids, self._zone))
                else:
                    inbound.append(self._reply(delivered))
            except (ValueError, IndexError, struct.error, InvalidPhone):
                receipts.append(Unreadable("deliver_sm refused"))
        if self._take is not None:
            await self._take(receipts, inbound)

    def _reply(self, delivered: Delivered) -> Inbound:
        """A reply has neither id nor time: the same words again within minutes are the centre's second try."""
        now, words = clock.now(), pdus.words_of(delivered)
        minute = int(now.timestamp()) // int(SECOND_TRY.total_seconds())
        same = f"{self._phones.index(delivered.source)}\n{delivered.destination}\n{words}\n{minute}"
        return Inbound(
            inbound_id=hashlib.sha256(same.encode()).hexdigest(), sender=delivered.source, to=delivered.destination,
            text=words, at=now,
        )  # fmt: skip

    async def query(self, message_id: UUID) -> Receipt | None:
        raise GatewayAway

    def admits(self, callback: Callback) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> list[Receipt | Unreadable]:
        return []

    def parse_inbound(self, callback: Callback) -> list[Inbound | Unreadable]:
        return []
