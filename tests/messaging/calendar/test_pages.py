"""The calendar's page: the year, the alarm, and forms that keep what was typed."""

from services.messaging.calendar import usecases
from services.messaging.calendar.gateways.borax import Festivals
from services.messaging.calendar.gateways.chinesecalendar import NoticedDays
from shared import clock
from shared.database import Database
from tests.messaging.conftest import Caller

PAGE = "/messaging/calendar"


async def test_the_page_shows_the_year_with_days_off_and_greetings(
    browser: Caller, database: Database
) -> None:
    async with database.transaction() as session:
        await usecases.look_after_calendar(session, NoticedDays(), Festivals(), now=clock.now())
    text = (await browser("clerk", hall="ZZ01", county="zizhong").get(PAGE, params={"year": 2026})).text
    for word in ("2026-02-17 周二", "春节", "调休上班", "元宵节", "发送问候", "按星期"):
        assert word in text
    assert "登记或更正一天" not in text


async def test_an_unknown_year_is_an_alarm_on_the_page(browser: Caller) -> None:
    text = (await browser("regional_office").get(PAGE)).text
    assert "年的放假和调休安排尚未导入" in text
    assert "还没有登记任何日子" in text


async def test_the_office_notes_a_day_on_the_page(browser: Caller) -> None:
    office = browser("regional_office")
    form = {"day": "2027-03-01", "kind": "local", "name": "桃花节", "place": "*", "greeted": "true"}
    saved = await office.post(f"{PAGE}/days", data=form)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{PAGE}?year=2027")
    assert "桃花节" in (await office.get(saved.headers["location"])).text
    wrong = await office.post(f"{PAGE}/days", data={**form, "day": "", "place": "ZZ99"})
    assert wrong.status_code == 422
    assert 'value="桃花节"' in wrong.text
    nowhere = await office.post(f"{PAGE}/days", data={**form, "place": "ZZ99"})
    assert (nowhere.status_code, "没有编码为 ZZ99" in nowhere.text) == (422, True)


async def test_a_file_is_imported_or_its_wrong_lines_are_shown(browser: Caller) -> None:
    office = browser("regional_office")
    good = {"file": ("days.csv", "日期,类型,名称\n2027-02-06,放假,春节\n".encode(), "text/csv")}
    assert (await office.post(f"{PAGE}/files", files=good, data={"whole_years": "true"})).status_code == 303
    bad = {"file": ("days.csv", "2027-02-06,休假,春节\n".encode("gb18030"), "text/csv")}
    refused = await office.post(f"{PAGE}/files", files=bad)
    assert (refused.status_code, "第 1 行：类型“休假”" in refused.text) == (422, True)


async def test_a_clerk_may_not_post_the_forms(browser: Caller) -> None:
    clerk = browser("clerk", hall="ZZ01", county="zizhong")
    assert (await clerk.post(f"{PAGE}/days", data={})).status_code == 403
