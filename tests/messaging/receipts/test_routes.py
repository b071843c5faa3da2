"""The doors for gateways: who gets in, and what is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from fastapi import FastAPI
from standardwebhooks.webhooks import Webhook

from services.messaging.app import build_app
from services.messaging.config import GatewaySettings, MessagingSettings
from services.messaging.dispatch.gateways.origin import path_secret
from services.messaging.receipts.models import GatewayInbox
from shared.keyring import KeyRing
from shared.runtime import Runtime
from tests.messaging.shelf import Shelf

RECEIPTS = "/messaging/v1/gateways/simulator/receipts"
INBOUND = "/messaging/v1/gateways/simulator/inbound"
AT = datetime(2026, 11, 10, tzinfo=UTC).isoformat()


def a_receipt(**other: Any) -> dict[str, Any]:
    return {"message_id": str(uuid4()), "status": "delivered", "at": AT, **other}


def signed(secret: str, body: Any, *, at: datetime | None = None) -> dict[str, Any]:
    content, at, name = orjson.dumps(body).decode(), at or datetime.now(UTC), f"msg_{uuid4().hex}"
    headers = {
        "webhook-id": name, "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, content),
    }  # fmt: skip
    return {"content": content, "headers": headers}


@pytest.fixture
def secret(keyring: KeyRing) -> str:
    return keyring.secret("gateway:simulator")


async def test_signed_receipts_are_taken_one_or_many(
    guest: httpx.AsyncClient, secret: str, shelf: Shelf
) -> None:
    one = await guest.post(RECEIPTS, **signed(secret, a_receipt()))
    many = await guest.post(RECEIPTS, **signed(secret, [a_receipt(), a_receipt()]))
    assert (one.status_code, one.json()) == (200, {"taken": 1, "new": 1})
    assert many.json() == {"taken": 2, "new": 2}
    assert len(await shelf.rows(GatewayInbox)) == 3


async def test_doubles_are_answered_like_firsts(guest: httpx.AsyncClient, secret: str, shelf: Shelf) -> None:
    receipt = a_receipt()
    answers = [await guest.post(RECEIPTS, **signed(secret, receipt)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(await shelf.rows(GatewayInbox)) == 1


async def test_callbacks_have_no_quota(runtime: Runtime, secret: str) -> None:
    runtime.settings = runtime.settings.model_copy(update={"rate_limit_guest": 3})
    transport = httpx.ASGITransport(build_app(runtime))
    async with httpx.AsyncClient(transport=transport, base_url="http://hall.test") as guest:
        taken = [(await guest.post(RECEIPTS, **signed(secret, a_receipt()))).status_code for _ in range(8)]
        others = [(await guest.get("/messaging/v1/messages")).status_code for _ in range(8)]
    assert taken == [200] * 8
    assert others[-1] == 429


async def test_the_next_key_is_good_during_a_rotation(guest: httpx.AsyncClient, keyring: KeyRing) -> None:
    answer = await guest.post(RECEIPTS, **signed(keyring.secret("gateway:simulator:next"), a_receipt()))
    assert answer.status_code == 200


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_an_old_or_future_signature_is_refused(
    guest: httpx.AsyncClient, secret: str, minutes: int
) -> None:
    stale = datetime.now(UTC) + timedelta(minutes=minutes)
    answer = await guest.post(RECEIPTS, **signed(secret, a_receipt(), at=stale))
    assert (answer.status_code, answer.json()["code"]) == (401, "callback-refused")


async def test_a_changed_byte_a_wrong_key_or_no_signature_is_refused(
    guest: httpx.AsyncClient, secret: str, keyring: KeyRing, shelf: Shelf
) -> None:
    request = signed(secret, a_receipt())
    changed = await guest.post(RECEIPTS, content=request["content"] + " ", headers=request["headers"])
    wrong = await guest.post(RECEIPTS, **signed(keyring.secret("other"), a_receipt()))
    broken = {**request["headers"], "webhook-signature": "v1"}
    headers: list[dict[str, str]] = [
        {},
        broken,
        {**broken, "webhook-signature": "v1,=?"},
    ]
    others = [await guest.post(RECEIPTS, content=request["content"], headers=h) for h in headers]
    assert [answer.status_code for answer in (changed, wrong, *others)] == [401] * 5
    assert await shelf.rows(GatewayInbox) == []


async def test_what_is_no_utf8_is_refused(guest: httpx.AsyncClient, secret: str) -> None:
    request = signed(secret, a_receipt())
    answer = await guest.post(RECEIPTS, content=b"\xff\xfe", headers=request["headers"])
    assert answer.status_code == 401


async def test_bad_elements_are_kept_aside(guest: httpx.AsyncClient, secret: str, shelf: Shelf) -> None:
    batch = [a_receipt(), {"status": "lost"}, 7, a_receipt(at="yesterday"), a_receipt(message_id=None)]
    answer = await guest.post(RECEIPTS, **signed(secret, batch))
    assert (answer.status_code, answer.json()["taken"]) == (200, 5)
    states = sorted(row.state for row in await shelf.rows(GatewayInbox))
    assert states[-1] == "waiting"
    assert states.count("waiting") == 1


async def test_an_unknown_gateway_is_not_found(guest: httpx.AsyncClient, secret: str) -> None:
    answer = await guest.post("/messaging/v1/gateways/nobody/receipts", **signed(secret, a_receipt()))
    assert (answer.status_code, answer.json()["code"]) == (404, "gateway-unknown")


async def test_replies_are_stored_without_a_clear_number(
    guest: httpx.AsyncClient, secret: str, shelf: Shelf
) -> None:
    reply = {"id": "m-1", "from": "13900001234", "to": "106575", "text": "我的新号是13911112222", "at": AT}
    for _ in range(2):
        answer = await guest.post(
            INBOUND, **signed(secret, [reply, {**reply, "id": "m-2", "from": "nobody"}])
        )
        assert answer.status_code == 200
    rows = await shelf.rows(GatewayInbox, GatewayInbox.state == "waiting")
    assert [row.payload["text"] for row in rows] == ["我的新号是139********"]
    stored = orjson.dumps([row.payload for row in await shelf.rows(GatewayInbox)])
    assert b"13900001234" not in stored
    assert b"13911112222" not in stored


@pytest.fixture
def kannel_app(runtime: Runtime, keyring: KeyRing) -> FastAPI:
    runtime.keyring = keyring.with_secret("gateway:kannel", "theirs")
    settings = MessagingSettings(
        data=runtime.settings.data,
        messaging_gateways={
            "kannel": GatewaySettings(
                kind="kannel", url="http://127.0.0.1:1/cgi-bin/sendsms", sources=("10.1.0.0/16",)
            )
        },
    )
    runtime.settings = settings
    return build_app(runtime)


async def call_kannel(app: FastAPI, path: str, address: str) -> int:
    transport = httpx.ASGITransport(app, client=(address, 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://hall.test") as client:
        answer = await client.get(f"/messaging/v1/gateways/kannel/{path}")
    return answer.status_code


async def test_kannel_needs_the_secret_in_the_path_and_a_known_address(
    kannel_app: FastAPI, keyring: KeyRing, shelf: Shelf
) -> None:
    secret = path_secret(keyring.secret("gateway:kannel:callback"))
    query = f"mid={uuid4()}&status=1&answer=&ts=2026-11-24+09:19:21"
    assert await call_kannel(kannel_app, f"{secret}/receipts?{query}", "10.1.2.3") == 200
    assert await call_kannel(kannel_app, f"{secret}/receipts?{query}", "10.2.2.3") == 401
    assert await call_kannel(kannel_app, f"wrong/receipts?{query}", "10.1.2.3") == 401
    assert await call_kannel(kannel_app, f"receipts?{query}", "10.1.2.3") == 401
    (row,) = await shelf.rows(GatewayInbox)
    assert row.payload["said"] == "delivered"


async def test_kannels_chinese_bytes_are_read_as_they_are(
    kannel_app: FastAPI, keyring: KeyRing, shelf: Shelf
) -> None:
    secret = path_secret(keyring.secret("gateway:kannel:callback"))
    query = "from=13900139000&to=10657501&text=%90%00%8B%A2&coding=2&charset=UTF-16BE&ts=2026-11-24+09:25:22&id=a-1"
    assert await call_kannel(kannel_app, f"{secret}/inbound?{query}", "10.1.2.3") == 200
    assert [row.payload["text"] for row in await shelf.rows(GatewayInbox)] == ["退订"]
