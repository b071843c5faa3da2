"""The office's board in a real browser: from the region down to the facts of one figure, and the sums agree."""

from decimal import Decimal

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Opener, Visit


async def open_board(visit: Opener, *, scripts: bool = True) -> Visit:
    """Scored with what has arrived by now."""
    window = await visit("office", scripts=scripts)
    await window.page.get_by_role("button", name="立即计算").click()
    await expect(window.page.get_by_role("status")).to_contain_text("计算完成")
    return window


async def numbers(cells: Locator) -> list[Decimal]:
    texts = [text.replace(",", "").removesuffix("%").strip() for text in await cells.all_inner_texts()]
    return [Decimal(text) for text in texts if text != "—"]


async def fact_of(page: Page, term: str) -> str:
    return await page.locator(f"dt:text-is('{term}') + dd").first.inner_text()


async def test_the_office_follows_a_figure_to_its_facts_and_the_sums_agree(visit: Opener) -> None:
    window = await open_board(visit)
    page = window.page
    await expect(page.get_by_text("未结账")).to_be_visible()
    for told in ("数据截至", "考核方案", "计算批次", "近 12 个月得分"):
        await expect(page.get_by_text(told)).to_be_visible()
    await page.locator("tr.county th a", has_text="资中").click()
    await page.locator("tr.hall th a", has_text="大十字").click()
    await expect(page.get_by_role("navigation", name="所在位置")).to_contain_text("全区")
    await page.locator("tr[data-subject=ZZ01] td a").first.click()

    contributions = await numbers(page.locator("tbody td:last-child"))
    (total,) = await numbers(page.locator("tfoot td:last-child"))
    assert contributions
    assert abs(sum(contributions) - total) <= Decimal("0.01") * len(contributions)

    await page.get_by_role("link", name="入档客户数").click()
    numerator = Decimal(await fact_of(page, "分子"))
    assert numerator > 0
    parts, facts = page.locator("table").nth(0), page.locator("table").nth(1)
    assert sum(await numbers(parts.locator("td:nth-child(3)"))) == numerator
    assert sum(await numbers(facts.locator("td:nth-child(4)"))) == numerator
    await expect(facts).to_contain_text("客户入档")


async def test_the_board_and_its_figures_are_there_without_scripts(visit: Opener) -> None:
    page = (await open_board(visit, scripts=False)).page
    shown = await page.locator("tr.region td").first.inner_text()
    await page.locator("tr.region td a").first.click()
    await expect(page.locator(".figure")).to_have_text(shown)
    await page.get_by_role("navigation", name="所在位置").get_by_role("link").first.click()
    await page.get_by_label("考核期").select_option(index=0)
    await page.get_by_role("button", name="查看").click()
    await expect(page.locator("#scores")).to_be_visible()


async def test_exports_are_of_the_run_that_the_page_shows(visit: Opener) -> None:
    window = await open_board(visit)
    run = await window.page.locator("#run-id").inner_text()
    for form in ("CSV", "XLSX"):
        link = window.page.get_by_role("link", name=form)
        answer = await window.context.request.get(f"{window.house.url}{await link.get_attribute('href')}")
        assert answer.status == 200
        assert run in answer.headers["content-disposition"]


async def test_a_clerk_sees_only_the_own_line(visit: Opener) -> None:
    office = await open_board(visit)
    assert await office.page.locator("tr.county").count() == 5
    clerk = await visit("zz0102")
    await clerk.access_key("2")
    await expect(clerk.page.locator("#scores tbody tr")).to_have_count(1)
    await expect(clerk.page.locator("#scores tbody th")).to_contain_text("张强")
    manager = await visit("zz0101")
    await manager.access_key("2")
    await expect(manager.page.locator("#scores tbody tr").first).to_contain_text("大十字")
    assert await manager.page.locator("tr.county").count() == 0
