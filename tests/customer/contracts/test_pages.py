"""Contracts on the card and the ones that end soon, as a clerk's browser meets them, without scripts."""

from datetime import timedelta

import httpx
import pytest

from services.customer.contracts import usecases
from shared import clock
from shared.database import Database
from shared.runtime import Runtime
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.customers import NAME, a_customer

pytestmark = pytest.mark.usefixtures("organisation")


@pytest.fixture
async def clerk(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """张强 of ZZ01, signed in."""
    await a_user(runtime)
    await sign_in(guest)
    guest.headers.update({"accept": "text/html"})
    return guest


async def test_a_contract_is_written_down_and_spoken_of_before_it_ends(
    clerk: httpx.AsyncClient, runtime: Runtime, database: Database
) -> None:
    customer = (await a_customer(database, runtime.phones)).id
    path = f"/customer/customers/{customer}/contracts"
    today = clock.business_date(clock.now())
    form = {
        "title": "两年靓号",
        "number": "HT-1",
        "starts_on": str(today),
        "ends_on": str(today + timedelta(days=7)),
    }
    wrong = await clerk.post(
        path, data={**form, "ends_on": "2020-01-01", "csrf_token": await csrf_of(clerk, path)}
    )
    assert (wrong.status_code, "到期日不能早于生效日" in wrong.text, "HT-1" in wrong.text) == (
        422,
        True,
        True,
    )
    kept = await clerk.post(path, data={**form, "csrf_token": await csrf_of(clerk, path)})
    assert kept.status_code == 303
    part = await clerk.get(path, headers={"hx-request": "true"})
    assert ("两年靓号" in part.text, "<html" in part.text) == (True, False)
    twice = await clerk.post(path, data={**form, "csrf_token": await csrf_of(clerk, path)})
    assert (twice.status_code, "已有同一编号" in twice.text) == (422, True)
    async with database.transaction() as session:
        await usecases.remind_of_contracts(session, now=clock.now())
    reminders = "/customer/contract-reminders"
    page = await clerk.get(reminders)
    assert (NAME in page.text, "提前 7 天" in page.text) == (True, True)
    action = page.text.partition(f'action="{reminders}/')[2].partition('"')[0]
    done = await clerk.post(f"{reminders}/{action}", data={"csrf_token": await csrf_of(clerk, path)})
    assert done.status_code == 303
    assert "近期没有到期的合约" in (await clerk.get(reminders)).text
