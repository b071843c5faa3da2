"""The simulator as a program: what it takes it keeps, what it owes it posts, how it is told to misbehave it does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy import simulator
from deploy.native.processes import free_ports
from deploy.serving import Server
from deploy.simulator.settings import SimulatorSettings
from services.messaging.config import MessagingSettings
from services.messaging.dispatch.gateways.webhooks import is_signed
from services.messaging.dispatch.ports import Callback
from shared.keyring import KeyRing
from shared.security import tokens

QUICK = {"delay": 0.02, "jitter": 0.02}


class Office:
    """Takes callbacks like the messaging service; may be closed for a while."""

    def __init__(self) -> None:
        self.receipts: list[dict[str, Any]] = []
        self.inbound: list[dict[str, Any]] = []
        self.callbacks: list[Callback] = []
        self.closed = False

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.callbacks.append(Callback(dict(request.headers), b"", body, "127.0.0.1"))
        if self.closed:
            return Response(status_code=503)
        getattr(self, request.path_params["kind"]).extend(await request.json())
        return Response()

    async def until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not ready():
                await asyncio.sleep(0.02)


@pytest.fixture
async def office() -> AsyncIterator[tuple[Office, str]]:
    office, stop, (port,) = Office(), asyncio.Event(), free_ports(1)
    room = Starlette(routes=[Route("/messaging/v1/gateways/simulator/{kind}", office.take, methods=["POST"])])
    serving = asyncio.create_task(Server(room, host="127.0.0.1", port=port, grace=1).serve_until(stop))
    yield office, f"http://127.0.0.1:{port}"
    stop.set()
    await serving


class Client:
    """Somebody with the gateway's token."""

    def __init__(self, http: httpx.AsyncClient, keyring: KeyRing) -> None:
        self.http = http
        self._headers = {"authorization": f"Bearer {keyring.secret('gateway:simulator:submit')}"}
        http.headers["authorization"] = f"Bearer {simulator.control_token(keyring)}"

    async def submit(
        self, *, to: str = "+8613900001234", text: str = "【厅】您好", **other: Any
    ) -> httpx.Response:
        body = {"id": str(uuid4()), "to": to, "from": "106575", "text": text, **other}
        return await self.http.post("/simulator/v1/messages", json=body, headers=self._headers)

    async def ask(self, message_id: str) -> httpx.Response:
        return await self.http.get(f"/simulator/v1/messages/{message_id}", headers=self._headers)

    async def items(self, since: str = "0") -> list[dict[str, Any]]:
        answer = await self.http.get("/simulator/v1/messages", params={"since": since})
        listed: list[dict[str, Any]] = answer.json()["items"]
        return listed


@asynccontextmanager
async def a_simulator(
    folder: Path, office_url: str, keyring: KeyRing, **faults: Any
) -> AsyncIterator[Client]:
    path = folder / "keyring.json"
    if not path.exists():
        path.write_bytes(keyring.to_json())
    house = MessagingSettings(data=folder, public_url=office_url)
    settings = SimulatorSettings(callback_url=office_url, **{**QUICK, **faults})
    async with (
        simulator.opened(house, settings) as room,
        httpx.AsyncClient(transport=httpx.ASGITransport(room), base_url="http://simulator.test") as http,
    ):
        yield Client(http, keyring)


async def test_what_is_taken_is_listed_and_reported_with_a_signature(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    async with a_simulator(tmp_path, url, keyring) as client:
        answer = await client.submit()
        assert answer.status_code == 202
        await place.until(lambda: len(place.receipts) == 1)
        (item,) = await client.items()
    assert (item["to_masked"], item["submissions"], item["segments"]) == ("139********", 1, 1)
    assert place.receipts[0]["message_id"] == item["id"]
    assert place.receipts[0]["gateway_message_id"] == answer.json()["id"]
    assert is_signed(place.callbacks[0], [keyring.secret("gateway:simulator")])


async def test_a_restart_goes_on_with_what_it_owes(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    async with a_simulator(tmp_path, url, keyring, delay=0.5) as client:
        ids = [(await client.submit()).json()["id"] for _ in range(3)]
    assert place.receipts == []
    async with a_simulator(tmp_path, url, keyring) as client:
        await place.until(lambda: len(place.receipts) == 3)
        assert len(await client.items()) == 3
    assert {receipt["gateway_message_id"] for receipt in place.receipts} == set(ids)


async def test_while_the_house_is_closed_receipts_wait(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    place.closed = True
    async with a_simulator(tmp_path, url, keyring) as client:
        await client.submit()
        await place.until(lambda: len(place.callbacks) >= 1)
        place.closed = False
        await place.until(lambda: len(place.receipts) == 1)


async def test_no_clear_number_is_ever_in_its_files(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    place.closed = True
    async with a_simulator(tmp_path, url, keyring, delay=9) as client:
        await client.submit()
        await client.http.post("/simulator/v1/inbound", json={"from": "13700009999", "text": "退订"})
        files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert not any(b"13900001234" in content or b"13700009999" in content for content in files)


async def test_the_same_id_again_is_counted_and_not_taken_twice(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    message_id = str(uuid4())
    async with a_simulator(tmp_path, office[1], keyring) as client:
        answers = [await client.submit(id=message_id) for _ in range(3)]
        (item,) = await client.items()
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert item["submissions"] == 3


async def test_it_can_be_asked_and_knows_what_it_never_got(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    async with a_simulator(tmp_path, url, keyring) as client:
        message_id = str(uuid4())
        unknown = await client.ask(message_id)
        await client.submit(id=message_id)
        early = await client.ask(message_id)
        await place.until(lambda: len(place.receipts) == 1)
        late = await client.ask(message_id)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "message-not-found")
    assert (early.json()["status"], late.json()["status"]) == ("accepted", "delivered")


async def test_a_reply_is_posted_to_the_house(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    async with a_simulator(tmp_path, url, keyring) as client:
        answer = await client.http.post("/simulator/v1/inbound", json={"from": "13700009999", "text": "TD"})
        await place.until(lambda: len(place.inbound) == 1)
    assert answer.status_code == 202
    assert (place.inbound[0]["from"], place.inbound[0]["text"]) == ("+8613700009999", "TD")


async def test_faults_can_be_set_while_it_runs(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    async with a_simulator(tmp_path, url, keyring) as client:
        await client.http.put("/simulator/v1/faults", json={"reject": 1})
        rejected = await client.submit()
        await client.http.put("/simulator/v1/faults", json={"rate": 2})
        throttled = [(await client.submit()).status_code for _ in range(8)]
        await client.http.put("/simulator/v1/faults", json={"loss": 1})
        await asyncio.sleep(1.1)
        lost = await client.submit()
        wrong = await client.http.put("/simulator/v1/faults", json={"loss": 7})
    assert (rejected.status_code, lost.status_code, wrong.status_code) == (422, 202, 422)
    assert 429 in throttled
    assert lost.json()["id"] not in {receipt["gateway_message_id"] for receipt in place.receipts}


async def test_doubled_swapped_and_partial_receipts_are_told_apart_by_their_content(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    faults = {"duplicates": 1, "reorder": 1, "segment_receipts": True}
    async with a_simulator(tmp_path, url, keyring, **faults) as client:
        await client.submit(text="【厅】" + "移" * 80)
        await place.until(lambda: len(place.receipts) >= 6)
    said = [(receipt["status"], receipt.get("segment", 0)) for receipt in place.receipts]
    assert sorted(said) == sorted([("delivered", 1), ("delivered", 2), ("accepted", 0)] * 2)
    assert said[0][0] == "delivered"


async def test_a_forged_signature_does_not_hold(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    async with a_simulator(tmp_path, url, keyring, forge=1) as client:
        await client.submit()
        await place.until(lambda: len(place.callbacks) >= 1)
    assert not is_signed(place.callbacks[0], [keyring.secret("gateway:simulator")])


async def test_without_the_token_nothing_is_taken(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    async with a_simulator(tmp_path, office[1], keyring) as client:
        body = {"id": str(uuid4()), "to": "+8613900001234", "from": "1", "text": "x"}
        answer = await client.http.post(
            "/simulator/v1/messages", json=body
        )  # the desk's token is not the gateway's
        assert answer.status_code == 401
        assert (await client.submit(to="nobody")).status_code == 422
        assert (await client.http.get("/simulator/v1/messages", params={"since": "then"})).status_code == 422
        assert await client.items() == []


DESK = [
    ("GET", "/simulator/v1/messages", None),
    ("POST", "/simulator/v1/inbound", {"from": "13700009999", "text": "TD"}),
    ("GET", "/simulator/v1/faults", None),
    ("PUT", "/simulator/v1/faults", {"loss": 0.5}),
]


@pytest.mark.parametrize(("method", "path", "body"), DESK)
async def test_only_the_desk_and_the_office_look_answer_and_set_faults(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing, method: str, path: str, body: Any
) -> None:
    def token(role: str) -> str:
        return tokens.issue(keyring, subject=role, role=role, issuer=office[1], lifetime=600)

    given = {
        "": 401, "Bearer guess": 401, f"Bearer {token('pos')}": 401, f"Bearer {token('regional_office')}": 200,
        f"Bearer {keyring.secret('gateway:simulator:submit')}": 401, f"Bearer {simulator.control_token(keyring)}": 200,
    }  # fmt: skip
    async with a_simulator(tmp_path, office[1], keyring) as client:
        for authorization, expected in given.items():
            headers = {"authorization": authorization}
            answer = await client.http.request(method, path, json=body, headers=headers)
            assert (answer.status_code == 401) == (expected == 401), authorization


async def test_a_number_that_does_not_exist_never_does(
    tmp_path: Path, office: tuple[Office, str], keyring: KeyRing
) -> None:
    place, url = office
    async with a_simulator(tmp_path, url, keyring, dead=0.5, seed=3) as client:
        for number in range(10):
            for _ in range(2):
                await client.submit(to=f"+861390000{number:04d}")
        await place.until(lambda: len(place.receipts) == 20)
        numbers = {item["id"]: item["to_hash"] for item in await client.items()}
    codes: dict[str, set[str]] = {}
    for receipt in place.receipts:
        codes.setdefault(numbers[receipt["message_id"]], set()).add(receipt["code"])
    assert {tuple(found) for found in codes.values()} == {("MK:0001",), ("DELIVRD",)}
