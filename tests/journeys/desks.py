"""The hall's programs as journeys drive them, and the people who come to the counter."""

import secrets
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from deploy.demo.organisation import STORY_CLERK, STORY_HALL
from deploy.demo.telling import Answer, Program
from deploy.demo.telling import until as wait_until
from shared.keyring import KeyRing
from shared.security import tokens
from tests.journeys.houses import House

POS, MANAGER, OFFICE = "demo-pos", "demo-hall-manager", "demo-office"
T = TypeVar("T")


class Desk(Program):
    """One program of the hall. `get`, `post` and `all` try again while the house is away; `ask` asks once."""

    def carry(self, token: str) -> None:
        self._http.headers["Authorization"] = f"Bearer {token}"

    async def ask(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())} if method == "POST" else {}
        return await self._http.request(method, path, headers=headers | more.pop("headers", {}), **more)

    async def register(self, phone: str, **changes: Any) -> Answer:
        return await self.post("/customer/v1/customers", a_registration(phone, **changes))


@asynccontextmanager
async def desk(house: House, program: str = POS) -> AsyncIterator[Desk]:
    """Signed in; away when the block ends."""
    async with Desk(house.url, program, house.secrets[program]) as opened:
        yield opened


@asynccontextmanager
async def caller(
    house: House, role: str, *, county: str | None = None, hall: str | None = None
) -> AsyncIterator[Desk]:
    """Somebody of that role and place, with a token that the house's own key has signed."""
    ring = KeyRing.load(house.folder / "data" / "keyring.json")
    token = tokens.issue(
        ring, subject=f"{role}-elsewhere", role=role, county=county, hall=hall, issuer=house.url, lifetime=600
    )
    opened = Desk(house.url, role, "")
    opened.carry(token)
    try:
        yield opened
    finally:
        await opened.__aexit__()


def a_phone() -> str:
    """A number nobody has."""
    return f"137{secrets.randbelow(10**8):08d}"


def a_registration(phone: str, name: str = "李锐", **changes: Any) -> Answer:
    return {
        "phone": phone, "name": name, "hall": STORY_HALL, "clerk": STORY_CLERK,
        "brand": 2, "age_band": 2, "spend_band": 1, "habits": [4], "preferences": [4],
        "consents": {"archive": True, "service_sms": True, "holiday_sms": True, "marketing_sms": False},
        "consent_evidence": {"kind": "signature", "reference": "现场签字"},
        "wording_version": "v1",
        **changes,
    }  # fmt: skip


def a_ticket(customer: str, summary: str = "咨询流量套餐资费", **changes: Any) -> Answer:
    return {
        "kind": "enquiry", "category": "enquiry", "source": "hall_phone", "hall": STORY_HALL, "summary": summary,
        "customer_id": customer, "clerk": STORY_CLERK, **changes,
    }  # fmt: skip


async def open_ticket(pos: Desk, customer: str, *, patience: float = 60, **changes: Any) -> Answer:
    """Open a ticket once the complaints service has heard of the customer."""
    body = a_ticket(customer, **changes)
    return await until(
        "投诉服务认识这位顾客", lambda: pos.post_or_none("/complaints/v1/tickets", body), patience=patience
    )


async def messages_of(pos: Desk, customer: str) -> list[Answer]:
    return [message async for message in pos.all("/messaging/v1/messages", customer_id=customer)]


async def until(what: str, look: Callable[[], Awaitable[T | None]], *, patience: float = 60) -> T:
    """Look again and again until there is something to see; `StoryBroken` when there is nothing in time."""
    return await wait_until(what, look, patience=patience)


async def until_introduced(pos: Desk, customer: str, *, patience: float = 60) -> Answer:
    """The customer's introduction once it was delivered and counted in the archive."""

    async def look() -> Answer | None:
        found = [m for m in await messages_of(pos, customer) if m["class"] == "intro"]
        card = await pos.get(f"/customer/v1/customers/{customer}")
        there = found and found[0]["status"] == "delivered" and card["sms_count"] == 1
        return found[0] if there else None

    return await until(f"介绍短信已送达并计数：{customer}", look, patience=patience)
