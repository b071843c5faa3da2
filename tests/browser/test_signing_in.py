"""Signing in as people do it: wrong, right, too often."""

from playwright.async_api import expect

from tests.browser.conftest import Opener


async def test_a_wrong_password_is_said_in_words_and_the_right_one_leads_to_the_phone_field(
    visit: Opener,
) -> None:
    window = await visit()
    page = window.page
    await window.sign_in("ZZ0102", "not this one")
    await expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确")
    await expect(page.get_by_label("用户名")).to_have_value("ZZ0102")
    await expect(page.get_by_label("密码")).to_be_focused()
    await page.keyboard.type(window.password)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("客户手机号码")).to_be_focused()
    await expect(page.get_by_role("link", name="张强")).to_be_visible()
    assert page.url == f"{window.house.url}/customer/workbench"


async def test_after_signing_out_the_pages_are_shut_and_the_address_is_remembered(visit: Opener) -> None:
    window = await visit("zizhong")
    await window.access_key("0")
    await expect(window.page.get_by_role("status")).to_contain_text("已退出")
    await window.goto("/kpi/board?place=ZZ01")
    await expect(window.page.get_by_role("heading", name="登录")).to_be_visible()
    await window.page.keyboard.type("zizhong")
    await window.page.keyboard.press("Tab")
    await window.page.keyboard.type(window.password)
    await window.page.keyboard.press("Enter")
    await expect(window.page.get_by_role("button", name="退出")).to_be_visible()
    assert window.page.url == f"{window.house.url}/kpi/board?place=ZZ01"


async def test_too_many_wrong_passwords_lock_the_name_even_for_the_right_one_and_nobody_else(
    visit: Opener,
) -> None:
    guesser = await visit()
    for number in range(6):
        await guesser.sign_in("wy0101", f"guess number {number}")
        await expect(guesser.page.get_by_role("alert")).to_be_visible()
    await guesser.sign_in("wy0101", guesser.password)
    await expect(guesser.page.get_by_role("alert")).to_contain_text("尝试次数过多")
    await visit("wy0201")
