"""Who looked, what is kept of a person, and consent by a code: the pages of confidentiality."""

from tests.browser.conftest import Opener
from tests.browser.test_every_page import judge
from tests.journeys import desks
from tests.journeys.houses import EmbeddedHouse


async def test_the_pages_of_confidentiality_are_in_order(visit: Opener, house: EmbeddedHouse) -> None:
    async with desks.desk(house) as pos:
        customer = (await pos.register(desks.a_phone()))["id"]
    window = await visit("admin")
    card = f"/customer/customers/{customer}"
    await window.goto(f"{card}/data")
    await judge(window)
    await window.page.select_option("#f-reason", "person-request")
    await window.page.get_by_role("button", name="导出").click()
    await window.page.wait_for_selector("h2:has-text('谁看过这些资料')")
    await judge(window)
    await window.goto("/customer/access-log")
    await window.page.wait_for_selector("td:has-text('导出个人资料')")
    await judge(window)
    await window.goto(f"/customer/access-log?customer_id={customer}&actor=nobody")
    assert await window.page.get_by_text("没有符合条件的记录").is_visible()
    await judge(window)


async def test_consent_by_a_code_is_in_order(visit: Opener, house: EmbeddedHouse) -> None:
    async with desks.desk(house) as pos:
        customer = (await pos.register(desks.a_phone(), consents={"archive": True}))["id"]
    window = await visit("zz0102")
    await window.goto(f"/customer/customers/{customer}/consent-codes")
    await judge(window)
    await window.page.get_by_label("服务短信").check()
    await window.page.get_by_role("button", name="发送验证码").click()
    await window.page.wait_for_selector("#f-code")
    await judge(window)
