"""The auditor's page, without scripts."""

import httpx
import pytest

from services.customer.access_log import usecases
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from shared import clock
from shared.database import Database
from shared.runtime import Runtime
from tests.customer.access.people import a_user, sign_in
from tests.customer.customers import a_customer

pytestmark = pytest.mark.usefixtures("organisation")
PAGE = "/customer/access-log"


@pytest.fixture
async def auditor(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    await a_user(runtime, "audit", role="auditor", hall=None, staff_no=None)
    await sign_in(guest, "audit")
    guest.headers.update({"accept": "text/html"})
    return guest


async def test_an_empty_log_says_so_and_the_menu_leads_here(auditor: httpx.AsyncClient) -> None:
    page = await auditor.get(PAGE, params={"actor": "ZZ0101"})
    assert (page.status_code, "没有符合条件的记录" in page.text) == (200, True)
    assert f'href="{PAGE}"' in page.text
    assert "audit" in (await auditor.get(PAGE)).text


async def test_the_log_is_shown_narrowed_paged_and_offered_as_a_file(
    auditor: httpx.AsyncClient, database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    async with database.transaction() as session:
        for number in range(60):
            look = Look(
                f"ZZ01{number:02d}",
                "clerk",
                Action.REVEALED,
                "customer",
                customer.id,
                "ZZ01",
                "zizhong",
                "回电",
            )
            await usecases.note(session, look, now=clock.now())
    page = await auditor.get(PAGE, params={"customer_id": str(customer.id), "action": "phone-revealed"})
    assert page.text.count("<td>查看完整号码</td>") == 50
    assert f"customer_id={customer.id}&amp;action=phone-revealed&amp;cursor=" in page.text
    assert (
        f'href="/customer/v1/access-log.csv?customer_id={customer.id}&amp;action=phone-revealed"' in page.text
    )
    one = await auditor.get(PAGE, params={"actor": "ZZ0107"})
    assert one.text.count("<td>查看完整号码</td>") == 1


async def test_what_cannot_be_read_is_said_beside_the_field(auditor: httpx.AsyncClient) -> None:
    page = await auditor.get(PAGE, params={"customer_id": "13908320001", "first": "昨天"})
    assert page.status_code == 422
    assert "客户编号应为档案页面地址中的编号" in page.text
    assert "日期应写成" in page.text


async def test_a_clerk_has_no_business_here(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_user(runtime)
    await sign_in(guest, "zz0101")
    guest.headers.update({"accept": "text/html"})
    assert (await guest.get(PAGE)).status_code == 403
    assert f'href="{PAGE}"' not in (await guest.get("/customer/workbench")).text
