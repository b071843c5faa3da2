"""Customers of the tests: a registration as the POS sends it, and the same as a command."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from services.customer.archive import usecases
from services.customer.archive.models import Customer
from services.customer.archive.rules import Profile
from services.customer.archive.usecases import RegisterCustomer
from services.customer.consent.rules import Evidence, Purpose
from shared.database import Database
from shared.phones import PhoneBook
from shared.security.tenancy import Area

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
PHONE, NAME = "13908320001", "李锐"
PLATE = {"name": "中国移动资中大十字营业厅", "number": "0832-5520000"}
EVERYTHING = dict.fromkeys(Purpose, True)
PROFILE = Profile(NAME, brand=2, age_band=2, spend_band=1, gender="male", habits=(4,), preferences=(4,))


def a_registration(**changes: Any) -> dict[str, Any]:
    usual = {
        "phone": PHONE,
        "name": NAME,
        "hall": "ZZ01",
        "clerk": "ZZ0101",
        "brand": 2,
        "age_band": 2,
        "spend_band": 1,
        "gender": "male",
        "habits": [4],
        "preferences": [4],
        "consents": {"archive": True, "service_sms": True, "holiday_sms": True, "marketing_sms": False},
        "consent_evidence": {"kind": "signature", "reference": "2026-11-0001"},
        "wording_version": "v1",
    }
    return {**usual, **changes}


async def register(client: httpx.AsyncClient, key: str | None = None, **changes: Any) -> httpx.Response:
    return await post(client, "/customers", a_registration(**changes), key)


async def post(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str | None = None
) -> httpx.Response:
    headers = {"Idempotency-Key": key or uuid4().hex}
    return await client.post(f"/customer/v1{path}", json=body, headers=headers)


def a_command(phones: PhoneBook, phone: str = PHONE, **changes: Any) -> RegisterCustomer:
    usual: dict[str, Any] = {
        "area": Area.everything(),
        "hall": "ZZ01",
        "clerk": "ZZ0101",
        "profile": PROFILE,
        "answers": EVERYTHING,
        "evidence": Evidence("signature", "2026-11-0001"),
        "wording_version": "v1",
        "at": NOW,
    }
    return RegisterCustomer(phone=phones.seal(phone), **{**usual, **changes})


async def a_customer(database: Database, phones: PhoneBook, phone: str = PHONE, **changes: Any) -> Customer:
    async with database.transaction() as session:
        return await usecases.register_customer(session, a_command(phones, phone, **changes), now=NOW)
