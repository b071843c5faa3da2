"""The same scenarios for every gateway, each with the program it really talks to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from deploy.native.processes import free_ports
from services.messaging.config import GatewaySettings
from services.messaging.dispatch.gateways.cloud_mas import CloudMasGateway
from services.messaging.dispatch.gateways.kannel import KannelGateway
from services.messaging.dispatch.gateways.simulator import SimulatorGateway
from services.messaging.dispatch.ports import Callback, Gateway, Submission, Submitted
from services.messaging.receipts.models import INBOUND, RECEIPT
from tests.contracts.gateways.conftest import Meeting, an_account
from tests.engines.cloud_mas import CloudMas

Meet = Callable[[str], Awaitable[Meeting]]
GATEWAYS = [
    pytest.param("simulator"),
    pytest.param("kannel", marks=pytest.mark.kannel),
    pytest.param("cloud_mas"),
    pytest.param("smpp"),
]
each_gateway = pytest.mark.parametrize("name", GATEWAYS)
over_http = pytest.mark.parametrize("name", GATEWAYS[:3])
"""What happens to a connection in the middle; of SMPP's session `test_smpp.py` tells the same."""
SHORT = "【资中大十字营业厅】您好，您反映的问题我厅已经受理，受理编号ZZ01-0001。"
TAKEN = {
    "simulator": (202, b'{"id":"1"}'),
    "kannel": (202, b"0: Accepted"),
    "cloud_mas": (200, b'{"msgGroup":"1","rspcod":"success","success":true}'),
}
LONG = f"【资中大十字营业厅】{'移动业务就近办理，' * 16}拒收请回复R"


def names(receipt: dict[str, Any], submission: Submission, submitted: Submitted) -> bool:
    """Whether the receipt is about this message: by our id, or by the gateway's where it cannot carry ours."""
    if receipt["message_id"]:
        return bool(receipt["message_id"] == str(submission.message_id))
    return receipt["gateway_message_id"] in (submitted.gateway_message_id, *submitted.parts)


def a_submission(text: str = SHORT, to: str = "+8613800138000") -> Submission:
    return Submission(uuid4(), to, text)


@each_gateway
async def test_a_message_reaches_the_phone_as_it_is_and_its_receipt_names_it(meet: Meet, name: str) -> None:
    meeting, submission = await meet(name), a_submission()
    submitted = await meeting.gateway.submit(submission)
    assert submitted.result == "accepted"
    ((to, text),) = await meeting.phones_got(1)
    assert text == SHORT
    assert to in ("13800138000", "138********")
    receipts = await meeting.came_in(RECEIPT, 1)
    assert all(names(receipt, submission, submitted) for receipt in receipts)
    assert "13800138000" not in str(receipts)
    while "delivered" not in {receipt["said"] for receipt in receipts}:
        receipts = await meeting.came_in(RECEIPT, len(receipts) + 1)


@each_gateway
async def test_a_long_message_with_an_emoji_arrives_whole(meet: Meet, name: str) -> None:
    meeting, text = await meet(name), LONG[:-6] + "😀拒收请回复R"
    submitted = await meeting.gateway.submit(a_submission(text))
    assert submitted.result == "accepted"

    got = await meeting.phones_got(1)
    for _ in range(100):
        if got[0][1] == text:
            break
        await asyncio.sleep(0.05)
        got = await meeting.phones_got(1)
    assert [words for _to, words in got] == [text]


@each_gateway
async def test_two_messages_to_one_phone_have_receipts_of_their_own(meet: Meet, name: str) -> None:
    meeting, both = await meet(name), [a_submission(), a_submission(SHORT + "二")]
    answers = await asyncio.gather(*(meeting.gateway.submit(submission) for submission in both))
    told: set[int] = set()
    receipts = await meeting.came_in(RECEIPT, 2)
    while len(told) < 2:
        pairs = enumerate(zip(both, answers, strict=True))
        told = {n for n, (s, a) in pairs if any(names(receipt, s, a) for receipt in receipts)}
        assert all(any(names(r, s, a) for s, a in zip(both, answers, strict=True)) for r in receipts)
        receipts = receipts if len(told) == 2 else await meeting.came_in(RECEIPT, len(receipts) + 1)


@each_gateway
@pytest.mark.parametrize("text", ["R", "退订", "反映一下：宽带 太慢"])
async def test_a_reply_comes_in_with_its_words_and_a_sealed_sender(meet: Meet, name: str, text: str) -> None:
    meeting = await meet(name)
    await meeting.peer.reply("13900139000", text)
    (reply,) = await meeting.came_in(INBOUND, 1)
    assert (reply["text"], reply["masked"]) == (text, "139********")
    assert meeting.runtime.phones.open(reply["enc"]) == "+8613900139000"


@each_gateway
async def test_a_callback_that_proves_nothing_is_refused(meet: Meet, name: str) -> None:
    meeting = await meet(name)
    assert not meeting.gateway.admits(Callback({}, b"", b"[]", "127.0.0.1", "guess"))


def an_adapter(name: str, meeting: Meeting, port: int) -> Gateway:
    """The same adapter, pointed at another address."""
    http, keyring = meeting.runtime.http, meeting.runtime.keyring
    if name == "kannel":
        settings = GatewaySettings(kind="kannel", url=f"http://127.0.0.1:{port}/cgi-bin/sendsms", timeout=0.5)
        return KannelGateway(name, settings, http, keyring, "http://hall.test")
    if name == "cloud_mas":
        account = an_account(CloudMas("http://hall.test"))
        settings = GatewaySettings(
            kind="cloud_mas", url=f"http://127.0.0.1:{port}", timeout=0.5, cloud_mas=account
        )
        return CloudMasGateway(name, settings, http, keyring, meeting.runtime.phones)
    settings = GatewaySettings(kind="simulator", url=f"http://127.0.0.1:{port}/simulator", timeout=0.5)
    return SimulatorGateway(name, settings, http, keyring)


@asynccontextmanager
async def a_peer_that(
    behaves: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    server = await asyncio.start_server(behaves, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@over_http
async def test_where_nobody_listens_nothing_was_sent(meet: Meet, name: str) -> None:
    adapter = an_adapter(name, await meet(name), free_ports(1)[0])
    assert (await adapter.submit(a_submission())).result == "not-sent"


@over_http
async def test_a_peer_that_reads_and_never_answers_leaves_it_unknown(meet: Meet, name: str) -> None:
    seen: list[bytes] = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(10_000))
        await asyncio.sleep(1)
        writer.close()

    meeting = await meet(name)
    async with a_peer_that(swallow) as port:
        assert (await an_adapter(name, meeting, port).submit(a_submission())).result == "unknown"
        await asyncio.sleep(1.2)
    assert len(seen) == 1


@over_http
async def test_a_peer_that_hangs_up_after_reading_leaves_it_unknown_and_is_not_asked_twice(
    meet: Meet, name: str
) -> None:
    seen: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(10_000))
        writer.transport.abort()

    meeting = await meet(name)
    async with a_peer_that(hang_up) as port:
        assert (await an_adapter(name, meeting, port).submit(a_submission())).result == "unknown"
    assert len(seen) == 1


@over_http
async def test_a_kept_connection_that_breaks_is_unknown_and_not_used_for_a_second_try(
    meet: Meet, name: str
) -> None:
    seen: list[bytes] = []

    async def once_then_hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(10_000))
        status, body = TAKEN[name]
        writer.write(b"HTTP/1.1 %d OK\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body))
        await writer.drain()
        seen.append(await reader.read(10_000))
        writer.transport.abort()

    meeting = await meet(name)
    async with a_peer_that(once_then_hang_up) as port:
        adapter = an_adapter(name, meeting, port)
        assert (await adapter.submit(a_submission())).result == "accepted"
        assert (await adapter.submit(a_submission())).result == "unknown"
    assert len(seen) == 2


@over_http
@pytest.mark.parametrize(
    ("status", "expected"),
    [(b"500 Oops", "unknown"), (b"502 Bad Gateway", "unknown"), (b"403 Forbidden", "not-sent")],
)
async def test_an_answer_from_something_in_between_is_judged_by_what_it_proves(
    meet: Meet, name: str, status: bytes, expected: str
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10_000)
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    meeting = await meet(name)
    async with a_peer_that(answer) as port:
        assert (await an_adapter(name, meeting, port).submit(a_submission())).result == expected
