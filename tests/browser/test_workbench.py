"""The counter in a real browser: a customer registered with keys only, and never shown to the wrong hall."""

import secrets

import pytest
from playwright.async_api import Page, expect

from deploy.demo.organisation import STORY_CLERK
from tests.browser.conftest import Opener, Visit
from tests.journeys import desks
from tests.journeys.houses import EmbeddedHouse

CLERK = STORY_CLERK.lower()
HISTORY = "() => navigation.entries().map((entry) => entry.url)"


@pytest.fixture
def phone() -> str:
    return f"139{secrets.randbelow(10**8):08d}"


async def look_up(window: Visit, phone: str) -> None:
    """Alt+S leads to the number from anywhere on the page; Enter looks it up."""
    await window.access_key("s")
    await window.page.keyboard.press("Control+a")
    await window.page.keyboard.type(phone)
    await window.page.keyboard.press("Enter")


async def fill_in(page: Page) -> None:
    """From the first answer on: evidence, name and the choices, by Tab and letters."""
    for key in ("Tab", "Tab", "Tab", "Space", "Tab", "Tab"):
        await page.keyboard.press(key)
    await page.keyboard.type("签字单 0001")
    await page.keyboard.press("Tab")
    await page.keyboard.type("李锐")
    for steps in (1, 2, 2, 2):  # gender, brand, age, spending: one or two entries down
        await page.keyboard.press("Tab")
        for _ in range(steps):
            await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")


async def test_a_clerk_registers_with_keys_only_and_only_with_consent_and_the_intro_is_counted(
    visit: Opener, phone: str
) -> None:
    window = await visit(CLERK)
    page = window.page
    await page.keyboard.type(phone)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("请读给客户听")).to_be_visible()
    await expect(page.get_by_label("保存档案")).to_be_focused()
    await fill_in(page)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("客户没有同意入档，不得保存任何资料")).to_be_visible()
    await expect(page.get_by_label("保存档案")).to_be_focused()
    await refuses_to_know(window, phone)

    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await fill_in_the_rest(page)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="李锐")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("已入档")
    await expect(page.get_by_text("已存入客户手机")).to_be_visible()
    await until_counted(page, "1")
    assert phone not in await page.content()

    places = [page.url, await page.title(), *window.asked, *await page.evaluate(HISTORY)]
    assert [place for place in places if phone in place] == []


async def refuses_to_know(window: Visit, phone: str) -> None:
    """A second look in another tab finds no customer of that number."""
    other = await window.context.new_page()
    await other.goto(f"{window.house.url}/customer/workbench")
    await other.keyboard.type(phone)
    await other.keyboard.press("Enter")
    await expect(other.get_by_role("heading", name="新客户入档")).to_be_visible()
    await other.close()


async def fill_in_the_rest(page: Page) -> None:
    """What was typed is still there; only the number stored in the phone is to be ticked."""
    await expect(page.get_by_label("凭证编号")).to_have_value("签字单 0001")
    await page.get_by_label("一字不差地存好").press("Space")


async def until_counted(page: Page, count: str) -> None:
    """The intro goes out, the gateway reports back, and the card counts it; nobody reloads more than a minute."""
    for _ in range(60):
        if await page.locator("#sms-count").inner_text() == count:
            return
        await page.wait_for_timeout(1000)
        await page.reload()
    await expect(page.locator("#sms-count")).to_have_text(count)


async def test_a_wrong_number_is_said_beside_the_field_which_keeps_the_cursor(visit: Opener) -> None:
    window = await visit(CLERK)
    page = window.page
    await page.get_by_role("button", name="退出").focus()
    await look_up(window, "12345")
    field = page.get_by_label("客户手机号码")
    await expect(field).to_have_accessible_description("✕ 手机号码应为 11 位数字，以 13 至 19 开头")
    await expect(field).to_be_focused()
    await look_up(window, "12345")
    await expect(page.locator(".error")).to_have_count(1)


async def test_a_customer_of_another_hall_is_said_to_be_there_and_nothing_more(
    visit: Opener, house: EmbeddedHouse, phone: str
) -> None:
    async with desks.desk(house, "demo-pos-elsewhere") as pos:
        theirs = await pos.register(phone, name="欧阳晓明", hall="SZ01", clerk="SZ0102")
    window = await visit(CLERK)
    await look_up(window, phone)
    await expect(window.page.get_by_text("这个号码已在其他营业厅入档")).to_be_visible()
    content = await window.page.content()
    for secret in ("欧阳", theirs["id"], "SZ01", "公园街", "请读给客户听"):
        assert secret not in content
    await window.goto(f"/customer/customers/{theirs['id']}")
    await expect(window.page.get_by_role("heading", name="未找到")).to_be_visible()


async def test_without_scripts_the_same_forms_lead_to_the_same_card(visit: Opener, phone: str) -> None:
    page = (await visit(CLERK, scripts=False)).page
    await page.get_by_label("客户手机号码").fill(phone)
    await page.keyboard.press("Enter")
    await page.get_by_label("保存档案").check()
    await page.get_by_label("凭证编号").fill("签字单 0002")
    await page.get_by_label("客户姓名").fill("李锐")
    for label in ("品牌", "年龄阶段", "每月消费额度"):
        await page.get_by_label(label).select_option(index=1)
    await page.get_by_role("button", name="入档", exact=True).click()
    await expect(page.get_by_role("heading", name="李锐")).to_be_visible()
    await page.locator("summary", has_text="登记新的同意或撤回").click()
    await page.get_by_label("用途").select_option(label="服务短信")
    await page.get_by_label("客户决定").select_option(label="同意")
    await page.get_by_label("凭证编号").fill("签字单 0003")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_text("凭证 签字单 签字单 0003")).to_be_visible()


async def test_the_hall_manager_sees_the_whole_hall_s_latest_customers(visit: Opener) -> None:
    window = await visit("zz0101")
    page = window.page
    await expect(
        page.get_by_role("heading", name="等得最久的客户")
    ).to_be_visible()  # where a hall manager starts
    await window.goto("/customer/workbench")
    await expect(page.get_by_role("heading", name="最近入档的客户")).to_be_visible()
    await page.locator("#desk table a").first.click()
    await expect(page.get_by_role("heading", name="服务短信发送次数")).to_be_visible()
