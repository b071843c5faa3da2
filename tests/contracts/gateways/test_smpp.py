"""What only SMPP has: a session that breaks and comes back, parts with ids of their own, receipts in four spellings."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.config import GatewaySettings, MessagingSettings, SmppSettings
from services.messaging.dispatch.gateways import smpp_link, smpp_pdus
from services.messaging.dispatch.gateways.smpp import SmppGateway
from services.messaging.dispatch.gateways.smpp_link import Pdu
from services.messaging.dispatch.ports import Inbound, Receipt, Submitted, Unreadable
from services.messaging.receipts import jobs
from services.messaging.receipts.models import INBOUND, RECEIPT
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from tests.contracts.gateways.conftest import Meeting, SmppPeer
from tests.contracts.gateways.test_gateways import LONG, SHORT, a_submission
from tests.engines.smsc import SmsCentre

Meet = Callable[[str], Awaitable[Meeting]]
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Connected:
    """An adapter at work on a centre, and what came in over it."""

    def __init__(self, gateway: SmppGateway) -> None:
        self.gateway = gateway
        self.receipts = list[Receipt | Unreadable]()
        self.inbound = list[Inbound | Unreadable]()
        self.stop = asyncio.Event()
        self.broken = False

    async def take(self, receipts: Any, inbound: Any) -> None:
        if self.broken:
            raise ConnectionError("the database is away")
        self.receipts += receipts
        self.inbound += inbound


@asynccontextmanager
async def connected(centre: SmsCentre, password: str | None = None, **smpp: Any) -> AsyncIterator[Connected]:
    keyring = KeyRing.generate().with_secret("gateway:smpp", password or centre.password)
    settings = GatewaySettings(
        kind="smpp", url=f"smpp://127.0.0.1:{centre.port}", timeout=0.6, smpp=SmppSettings(**smpp)
    )
    here = Connected(SmppGateway("smpp", settings, keyring, PhoneBook(keyring)))
    holding = asyncio.create_task(here.gateway.hold(here.take, here.stop))
    if password is None:
        await until(lambda: here.gateway.linked)
    yield here
    here.stop.set()
    await holding


async def until(ready: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not ready():
            await asyncio.sleep(0.01)


@pytest.fixture
async def centre(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SmsCentre]:
    monkeypatch.setattr(smpp_link, "FIRST_WAIT", 0.05)
    async with SmsCentre().opened() as opened:
        yield opened


async def test_without_a_session_nothing_was_sent(centre: SmsCentre) -> None:
    async with connected(centre, password="wrong") as here:
        assert (await here.gateway.submit(a_submission())).result == "not-sent"
    assert centre.taken == []


async def test_no_answer_leaves_it_unknown_and_it_is_submitted_once(centre: SmsCentre) -> None:
    centre.mute = True
    async with connected(centre) as here:
        assert (await here.gateway.submit(a_submission())).result == "unknown"
        await asyncio.sleep(0.3)
    assert list(centre.submitted.values()) == [1]


async def test_a_session_that_breaks_after_the_submission_left_leaves_it_unknown_and_comes_back(
    centre: SmsCentre,
) -> None:
    centre.hang_up = True
    async with connected(centre) as here:
        assert (await here.gateway.submit(a_submission())).result == "unknown"
        assert (await here.gateway.submit(a_submission())).result == "not-sent"
        centre.hang_up = False
        await until(lambda: centre.binds == 2)
        await asyncio.sleep(0.05)
        assert (await here.gateway.submit(a_submission(SHORT + "二"))).result == "accepted"
    assert set(centre.submitted.values()) == {1}


async def test_an_answer_that_comes_too_late_still_settles_the_message(centre: SmsCentre) -> None:
    centre.late = 0.8
    async with connected(centre) as here:
        submission = a_submission()
        assert (await here.gateway.submit(submission)).result == "unknown"
        await until(lambda: len(here.receipts) == 2)
    late, report = cast("list[Receipt]", here.receipts)
    assert (late.said, late.message_id) == ("accepted", submission.message_id)
    assert (report.said, report.gateway_message_id) == ("delivered", late.gateway_message_id)


@pytest.mark.parametrize("status", [0x58, 0x14])
async def test_a_throttled_message_was_not_taken_and_waits(centre: SmsCentre, status: int) -> None:
    centre.refusals = [status]
    async with connected(centre) as here:
        answer = await here.gateway.submit(a_submission())
    assert (answer.result, answer.slow_down) == ("not-sent", smpp_pdus.AGAIN_AFTER)
    assert centre.taken == []


async def test_a_part_that_is_throttled_in_the_middle_is_tried_again_and_the_message_arrives_once(
    centre: SmsCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smpp_pdus, "AGAIN_AFTER", smpp_pdus.AGAIN_AFTER / 20)
    centre.late = 0.1
    async with connected(centre) as here:
        submitting = asyncio.create_task(here.gateway.submit(a_submission(LONG)))
        await until(lambda: centre.taken)
        centre.refusals = [0x58]
        assert (await submitting).result == "accepted"
    assert centre.texts() == [("13800138000", LONG)]


async def test_a_part_that_is_refused_in_the_middle_leaves_the_message_in_doubt(centre: SmsCentre) -> None:
    centre.late = 0.05
    async with connected(centre) as here:
        submitting = asyncio.create_task(here.gateway.submit(a_submission(LONG)))
        await until(lambda: centre.taken)
        centre.refusals = [0x45]
        answer = await submitting
    assert (answer.result, answer.code) == ("unknown", "part-2: smpp:0x0045")


async def test_each_part_of_a_long_message_has_an_id_and_a_receipt_of_its_own(centre: SmsCentre) -> None:
    async with connected(centre) as here:
        answer = await here.gateway.submit(a_submission(LONG))
        await until(lambda: len(here.receipts) == len(answer.parts))
    assert len(answer.parts) == 3
    assert {cast("Receipt", r).gateway_message_id for r in here.receipts} == set(answer.parts)
    assert all(len(part.short_message) <= 67 for part in centre.taken)


async def test_a_long_message_goes_whole_where_the_centre_wants_it_so(centre: SmsCentre) -> None:
    async with connected(centre, long="payload") as here:
        answer = await here.gateway.submit(a_submission(LONG))
    assert (answer.result, answer.parts, len(centre.taken)) == ("accepted", (), 1)
    assert centre.taken[0].message_payload == LONG


async def test_an_id_answered_in_hex_meets_its_receipt_in_decimal_with_zeros_before(
    centre: SmsCentre,
) -> None:
    centre.answers_in_hex, centre.zeros_before = True, 12
    async with connected(centre, answer_ids="hex", receipt_ids="decimal") as here:
        answer = await here.gateway.submit(a_submission())
        await until(lambda: here.receipts)
    assert answer.gateway_message_id == str(0xABC)
    assert cast("Receipt", here.receipts[0]).gateway_message_id == answer.gateway_message_id


async def test_an_id_in_the_optional_parameter_counts_before_the_words(centre: SmsCentre) -> None:
    async with connected(centre) as here:
        centre.report(77, "UNDELIV", option=True)
        await until(lambda: here.receipts)
    (receipt,) = cast("list[Receipt]", here.receipts)
    assert (receipt.said, receipt.gateway_message_id, receipt.code) == ("failed", "77", "UNDELIV")


async def test_a_session_that_no_longer_answers_is_given_up_and_bound_again(centre: SmsCentre) -> None:
    async with connected(centre, enquire_seconds=1) as here:
        await until(lambda: centre.enquired)
        centre.deaf = True
        await until(lambda: not here.gateway._session.bound)
        centre.deaf = False
        await until(lambda: centre.binds >= 2)


async def test_what_cannot_be_stored_is_not_acknowledged_and_comes_again(centre: SmsCentre) -> None:
    async with connected(centre) as here:
        here.broken = True
        centre.reply("13900139000", "退订")
        await until(lambda: centre.acknowledged)
        here.broken = False
        centre.reply("13900139000", "退订")
        await until(lambda: here.inbound)
        centre.reply("13900139000", "退订")
        await until(lambda: len(here.inbound) == 2)
        await until(lambda: len(centre.acknowledged) == 3)
    assert [int(status) for status in centre.acknowledged] == [0x64, 0, 0]
    first, second = cast("list[Inbound]", here.inbound)
    assert first.inbound_id == second.inbound_id


async def test_at_the_end_what_is_in_flight_is_answered_and_the_session_unbound(centre: SmsCentre) -> None:
    centre.late = 0.3
    async with connected(centre) as here:
        submitting = asyncio.create_task(here.gateway.submit(a_submission()))
        await until(lambda: centre.taken)
        here.stop.set()
        assert (await submitting).result == "accepted"
        await until(lambda: centre.unbinds)
    assert here.gateway.at_hand is False


async def test_one_process_at_a_time_holds_the_connection(
    meet: Meet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEASE", jobs.LEASE / 30)
    meeting = await meet("smpp")
    gateway = cast("SmppGateway", meeting.gateway)
    centre = cast("SmppPeer", meeting.peer).centre
    settings = cast("MessagingSettings", meeting.runtime.settings).messaging_gateways["smpp"]
    second = SmppGateway("smpp", settings, meeting.runtime.keyring, meeting.runtime.phones)
    stop = asyncio.Event()
    waiting = asyncio.create_task(jobs._keep_connection(meeting.runtime, "smpp", second, stop))
    await asyncio.sleep(0.5)
    assert (centre.binds, gateway.at_hand, second.at_hand) == (1, True, False)
    stop.set()
    await waiting


async def test_receipts_and_replies_are_stored_before_they_are_acknowledged(meet: Meet) -> None:
    meeting = await meet("smpp")
    centre = cast("SmppPeer", meeting.peer).centre
    submitted = [await meeting.gateway.submit(a_submission()) for _ in range(50)]
    assert {(one.result, one.code) for one in submitted} == {("accepted", None)}
    centre.reply("13900139000", "R")
    assert len(await meeting.came_in(RECEIPT, 50)) == 50
    assert len(await meeting.came_in(INBOUND, 1)) == 1
    await until(lambda: len(centre.acknowledged) == 51)
    assert {int(status) for status in centre.acknowledged} == {0}


@given(st.text(min_size=1, max_size=400))
def test_parts_are_never_cut_in_a_character_and_make_up_the_text(text: str) -> None:
    parts = smpp_pdus.split(text)
    assert "".join(parts) == text
    assert all(0 < len(part.encode("utf-16-be", "surrogatepass")) <= 134 for part in parts)


@pytest.mark.parametrize(
    ("answer", "receipt", "forms"),
    [("1A2B", "6699", ("hex", "decimal")), ("1a2b", "0000006699", ("hex", "decimal")), ("007", "7", ("text", "text")),
     ("6699", "1A2B", ("decimal", "hex")), ("ab-1", "AB-1", ("text", "text")), ("0", "000", ("text", "text"))],
)  # fmt: skip
def test_ids_are_brought_to_one_form(answer: str, receipt: str, forms: tuple[str, str]) -> None:
    assert smpp_pdus.normal_id(answer, forms[0]) == smpp_pdus.normal_id(receipt, forms[1])


@pytest.mark.parametrize(
    ("status", "result"),
    [(0x0B, "rejected"), (0x45, "rejected"), (0x400, "rejected"), (0x08, "unknown"), (0x0E, "not-sent"),
     (0x58, "not-sent")],
)  # fmt: skip
def test_every_status_also_a_vendors_own_has_its_result(status: int, result: str) -> None:
    answer = smpp_pdus.read_answer(Pdu(0x8000_0004, status, 1, b""), "text")
    assert (answer.result, answer.code) == (result, f"smpp:{status:#06x}")


def test_an_answer_without_an_id_is_still_an_acceptance() -> None:
    assert smpp_pdus.read_answer(Pdu(0x8000_0004, 0, 1, b"\0"), "text") == Submitted("accepted")


def a_delivery(content: bytes, *, coding: int = 8, esm_class: int = 0) -> smpp_pdus.Delivered:
    body = b"\0\x01\x01" + b"13900139000\0" + b"\0\0" + b"106575\0" + bytes((esm_class, 0, 0)) + b"\0\0"
    return smpp_pdus.read_deliver(body + bytes((0, 0, coding, 0, len(content))) + content)


@pytest.mark.parametrize(
    ("content", "coding", "esm_class", "words"),
    [("退订".encode("utf-16-be"), 8, 0, "退订"), ("退订".encode("gbk"), 15, 0, "退订"), (b"TD", 0, 0, "TD"),
     (b"\x05\x00\x03\x01\x02\x01" + "宽".encode("utf-16-be"), 8, 0x40, "宽"), (b"R", 1, 0, "R"), (b"R", 3, 0, "R")],
)  # fmt: skip
def test_a_reply_is_read_in_every_coding(content: bytes, coding: int, esm_class: int, words: str) -> None:
    assert smpp_pdus.words_of(a_delivery(content, coding=coding, esm_class=esm_class)) == words


def test_the_raw_code_is_kept_and_what_it_comes_to() -> None:
    words = (
        b"id:0042 sub:001 dlvrd:000 submit date:2611240919 done date:2611240920 stat:MK:0001 err:001 text:x"
    )
    receipt = smpp_pdus.read_receipt(a_delivery(words, coding=0, esm_class=4), "text", SHANGHAI)
    assert isinstance(receipt, Receipt)
    assert (receipt.gateway_message_id, receipt.code, receipt.failure) == ("42", "MK:0001 001", "number-dead")
    assert receipt.at.isoformat() == "2026-11-24T09:20:00+08:00"


@given(st.binary(max_size=80))
def test_no_bytes_end_the_session(body: bytes) -> None:
    try:
        delivered = smpp_pdus.read_deliver(body)
        smpp_pdus.read_receipt(delivered, "text", SHANGHAI)
        smpp_pdus.words_of(delivered)
    except (ValueError, IndexError, struct.error):
        return
