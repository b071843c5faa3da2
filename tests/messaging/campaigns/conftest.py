"""A crowd of customers of two halls, and a campaign that goes through its states."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.messaging.campaigns.jobs import run_once
from shared import clock
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears

CAMPAIGNS = "/messaging/v1/campaigns"
CONTENT = {"content": "本周多雨，出行请带伞。"}
Crowd = Callable[..., Awaitable[list[UUID]]]


@pytest.fixture
def crowd(ears: Ears, phones: PhoneBook) -> Crowd:
    """`await crowd(5, tier="A")`: customers with numbers of their own, and no introduction planned."""
    numbers = iter(range(10_000))

    async def register(count: int, agreed: tuple[str, ...] = ("archive",), **other: Any) -> list[UUID]:
        where = {key: other.pop(key) for key in ("hall", "county") if key in other}
        people_ = [
            people.a_customer(phones, phone=f"1390001{next(numbers):04d}", agreed=agreed, **where, **other)
            for _ in range(count)
        ]
        await ears.hear(people.a_hall(), people.a_hall("ZZ02"), people.a_hall("WY01"), *people_)
        return [person.customer_id for person in people_]

    return register


def body(**other: Any) -> dict[str, Any]:
    ends = (clock.now() + timedelta(hours=5)).isoformat()
    return {"title": "雨季提醒", "template": "holiday", "params": {"festival": "元旦", "wish": "新年快乐"},
            "ends_at": ends, **other}  # fmt: skip


async def post(client: httpx.AsyncClient, path: str, json: Any = None) -> httpx.Response:
    return await client.post(f"{CAMPAIGNS}{path}", json=json, headers={"idempotency-key": str(uuid4())})


@pytest.fixture
def author(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong")


@pytest.fixture
def approver(caller: Caller) -> httpx.AsyncClient:
    return caller("county_manager", county="zizhong")


Made = Callable[..., Awaitable[str]]


@pytest.fixture
def made(author: httpx.AsyncClient, approver: httpx.AsyncClient) -> Made:
    """`await made(status="approved", …)`: the id of a campaign that has come so far."""

    async def make(status: str = "approved", **other: Any) -> str:
        answer = await post(author, "", body(**other))
        assert answer.status_code == 201, answer.text
        id_ = str(answer.json()["id"])
        if status == "draft":
            return id_
        counted = (await post(author, f"/{id_}/audience")).json()
        if status == "approved":
            approved = await post(approver, f"/{id_}/approval", {"head_count": counted["head_count"]})
            assert approved.status_code == 200, approved.text
        return id_

    return make


async def run_out(runtime: Runtime) -> None:
    """Turns until nothing more may follow at once."""
    while (await run_once(runtime))[1]:
        pass


async def progress(client: httpx.AsyncClient, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{CAMPAIGNS}/{id_}/progress")).json()
    total = found["sent"] + found["suppressed"] + found["failed"] + found["pending"]
    assert found["reconciles"]
    assert found["audience"] == total
    return found
