"""Kafka away: the APIs go on and nothing is lost. PostgreSQL away: 503, then as before, and nothing half-written."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.journeys.desks import (
    OFFICE,
    Desk,
    a_phone,
    a_registration,
    a_ticket,
    desk,
    until,
    until_introduced,
)
from tests.journeys.facts import Facts
from tests.journeys.houses import DistributedHouse

pytestmark = [
    pytest.mark.journey, pytest.mark.kafka, pytest.mark.postgresql,
    pytest.mark.xdist_group("distributed"), pytest.mark.timeout(400),
]  # fmt: skip

PATIENCE = 90


@asynccontextmanager
async def away(stop: Callable[[], None], start: Callable[[], None]) -> AsyncIterator[None]:
    """An engine is down for the block, whatever happens in it."""
    await asyncio.to_thread(stop)
    try:
        yield
    finally:
        await asyncio.to_thread(start)


async def test_without_kafka_the_apis_accept_the_outbox_grows_and_everything_arrives_once_after(
    distributed_house: DistributedHouse,
) -> None:
    house = distributed_house
    async with desk(house) as pos, desk(house, OFFICE) as office:
        facts = Facts(office)
        known = (await pos.register(a_phone()))["id"]
        await until_introduced(pos, known)
        async with away(house.kafka.stop, house.kafka.start):
            bodies = [a_registration(a_phone()) for _ in range(8)]
            answers = [await pos.ask("POST", "/customer/v1/customers", json=body) for body in bodies]
            opened = await pos.ask("POST", "/complaints/v1/tickets", json=a_ticket(known))
            assert {answer.status_code for answer in [*answers, opened]} == {201}
            assert await waiting(house, "customer") >= 8
            assert await waiting(house, "complaints") >= 1
        await until("发件箱已清空", lambda: drained(house), patience=PATIENCE)
        customers = [answer.json()["id"] for answer in answers]
        for customer in customers:
            await until_introduced(pos, customer, patience=PATIENCE)
        await facts.until_told_once(customers, "customer_archived", patience=PATIENCE)
        await facts.until_told_once([opened.json()["id"]], "enquiry_opened", patience=PATIENCE)


async def test_without_postgresql_requests_get_503_and_afterwards_all_is_whole(
    distributed_house: DistributedHouse,
) -> None:
    house, answers = distributed_house, dict[str, httpx.Response]()
    async with desk(house) as pos, desk(house, OFFICE) as office:
        facts = Facts(office)
        stop = asyncio.Event()
        counter = asyncio.create_task(register_until(stop, pos, answers))
        await asyncio.sleep(1)
        async with away(house.postgres.stop, house.postgres.start):
            refused = [
                await pos.ask("GET", path) for path in ("/customer/v1/halls", "/complaints/v1/tickets")
            ]
            await asyncio.sleep(1)
        await until("平台已恢复", lambda: accepted(pos), patience=PATIENCE)
        stop.set()
        await counter
        assert {answer.status_code for answer in answers.values()} == {201, 503}
        for answer in [*refused, *(a for a in answers.values() if a.status_code == 503)]:
            assert (answer.status_code, answer.json()["code"]) == (503, "service-unavailable")
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"]
        there = {phone: await found(pos, phone) for phone in answers}
        lost = [
            p
            for p, answer in answers.items()
            if answer.status_code == 201 and there[p] != answer.json()["id"]
        ]
        assert lost == []
        whole = [customer for customer in there.values() if customer]
        await facts.until_told_once(whole, "customer_archived", patience=PATIENCE)
        for customer in whole:
            await until_introduced(pos, customer, patience=PATIENCE)


async def register_until(stop: asyncio.Event, pos: Desk, answers: dict[str, httpx.Response]) -> None:
    """A till that goes on whatever it is answered."""
    while not stop.is_set():
        phone = a_phone()
        answers[phone] = await pos.ask("POST", "/customer/v1/customers", json=a_registration(phone))
        await asyncio.sleep(0.3)


async def accepted(pos: Desk) -> bool | None:
    answer = await pos.ask("POST", "/customer/v1/customers", json=a_registration(a_phone()))
    return True if answer.status_code == 201 else None


async def found(pos: Desk, phone: str) -> str | None:
    answer = await pos.ask("POST", "/customer/v1/customers/lookup", json={"phone": phone})
    assert answer.status_code in (200, 404), answer.text
    return str(answer.json()["id"]) if answer.status_code == 200 else None


async def waiting(house: DistributedHouse, service: str) -> int:
    query = house.postgres.query
    return int(await asyncio.to_thread(query, "SELECT count(*) FROM outbox", f"hall_{service}"))


async def drained(house: DistributedHouse) -> bool | None:
    counts: list[Awaitable[int]] = [waiting(house, service) for service in ("customer", "complaints")]
    return True if not sum(await asyncio.gather(*counts)) else None
