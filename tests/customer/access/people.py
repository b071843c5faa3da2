"""Users and clients made for a test, with the cheap hash of the test's runtime."""

import re

import httpx

from services.customer.access import usecases
from services.customer.access.gateways.argon2id import Argon2Hasher, hasher_for
from shared import clock
from shared.runtime import Runtime

PASSWORD, SECRET = "清风明月 2026", "s3cret-of-the-pos-that-is-long"


def hasher_of(runtime: Runtime) -> Argon2Hasher:
    return hasher_for(runtime.settings)


async def a_user(
    runtime: Runtime,
    username: str = "zz0101",
    *,
    role: str = "clerk",
    hall: str | None = "ZZ01",
    county: str | None = None,
    staff_no: str | None = "ZZ0101",
) -> None:
    hashed = await hasher_of(runtime).hash(PASSWORD)
    command = usecases.CreateUser(username, hashed, role, "张强", county, hall, staff_no)
    async with runtime.database.transaction() as session:
        await usecases.create_user(session, command, now=clock.now())


async def a_client(
    runtime: Runtime, client_id: str = "pos-zz01", *, role: str = "pos", hall: str | None = "ZZ01"
) -> None:
    hashed = await hasher_of(runtime).hash(SECRET)
    command = usecases.RegisterClient(client_id, "大十字 POS", role, hashed, hall=hall)
    async with runtime.database.transaction() as session:
        await usecases.register_client(session, command, now=clock.now())


async def csrf_of(browser: httpx.AsyncClient, path: str = "/customer/signin") -> str:
    page = await browser.get(path)
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page.text)
    assert found is not None
    return found[1]


async def sign_in(
    browser: httpx.AsyncClient, username: str = "zz0101", password: str = PASSWORD, **more: str
) -> httpx.Response:
    form = {"csrf_token": await csrf_of(browser), "username": username, "password": password, **more}
    return await browser.post("/customer/signin", data=form)
