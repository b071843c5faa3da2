"""Campaigns as pages: made with a preview, approved with the head count, watched; without scripts too."""

from datetime import timedelta

import pytest

from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.planning.usecases.recheck import release_held
from shared import clock
from shared.runtime import Runtime
from tests.messaging.browsing import Visitor, Window
from tests.messaging.campaigns.conftest import Crowd, run_out
from tests.messaging.gateway import FakeGateway

PAGE = "/messaging/campaigns"
FILLED = {
    "template": "holiday",
    "title": "元旦问候",
    "p_festival": "元旦",
    "p_wish": "新年快乐",
    "ends_at": (clock.now() + timedelta(days=1)).astimezone(clock.SHANGHAI).strftime("%Y-%m-%dT%H:%M"),
}


@pytest.fixture
def lead(visitor: Window) -> Visitor:
    return visitor("hall_manager", hall="ZZ01", county="zizhong")


@pytest.fixture
def county(visitor: Window) -> Visitor:
    return visitor("county_manager", county="zizhong")


async def test_an_empty_list_says_how_to_begin(lead: Visitor, visitor: Window) -> None:
    assert "点“新建任务”" in await lead.see(PAGE)
    assert "新建任务" not in await visitor("auditor").see(PAGE)


async def test_the_template_is_chosen_first_and_previewed_with_what_is_typed(
    crowd: Crowd, lead: Visitor
) -> None:
    await crowd(1)
    choosing = await lead.see(f"{PAGE}/new")
    assert "节日问候" in choosing
    assert "投诉受理通知" not in choosing
    page = await lead.see(f"{PAGE}/new?template=holiday")
    assert "{festival}到了" in page
    part = await lead.send(f"{PAGE}/preview", template="holiday", p_festival="元旦")
    assert "【资中大十字营业厅】元旦到了，资中大十字营业厅全体营业员祝您{wish}" in part.text
    assert "每人 1 条" in part.text


async def test_a_campaign_goes_from_the_form_to_its_end(
    runtime: Runtime, crowd: Crowd, lead: Visitor, county: Visitor, gateway: FakeGateway
) -> None:
    await crowd(3, agreed=("archive", "holiday_sms"), tier="A")
    await crowd(1, tier="A")
    await crowd(2, tier="B")
    made = await lead.send(PAGE, **FILLED, tier=["A"])
    page = await lead.follow(made)
    for text in (
        "名单已统计",
        "待审批",
        ">4</strong> 人，其中 3 人同意",
        "最多计费 3 条",
        "A 类",
        "元旦到了",
        "由您以外的同事审批",
    ):
        assert text in page
    here = made.headers["location"]
    wrong = await county.send(f"{here}/approval", head_count="6")
    assert (wrong.status_code, "与统计的人数不一致" in wrong.text) == (422, True)
    assert 'value="6"' in wrong.text
    assert "已审批" in await county.follow(await county.send(f"{here}/approval", head_count="4"))
    await run_out(runtime)
    await lead.follow(await lead.send(f"{here}/pause"))
    paused = await lead.see(f"{here}/progress", part=True)
    assert ("人工暂停" in paused, "every 2s" in paused, "等待时段" in paused) == (True, True, True)
    await lead.follow(await lead.send(f"{here}/resume"))
    async with runtime.database.transaction() as session:
        await release_held(session, now=clock.now(), limit=10)
    await Dispatcher(runtime, "simulator", gateway).step()
    await run_out(runtime)
    done = await lead.see(f"{here}/progress", part=True)
    for text in ("已完成", "没有同意接收", "账目相符", "3，其中送达 0"):
        assert text in done
    assert "hx-get" not in done
    assert "元旦问候" in await lead.see(f"{PAGE}?status=completed")
    assert "没有这个状态的任务" in await lead.see(f"{PAGE}?status=paused")


async def test_a_form_that_is_wrong_comes_back_as_it_was(crowd: Crowd, lead: Visitor) -> None:
    await crowd(1)
    wrong = await lead.send(
        PAGE, **{**FILLED, "p_wish": "", "title": "", "ends_at": "2020-01-01T10:00"}, tier=["A"]
    )
    assert wrong.status_code == 422
    for text in ("元旦</textarea>", 'value="A" checked', "至少 1 个字符"):
        assert text in wrong.text
    late = await lead.send(PAGE, **{**FILLED, "ends_at": "2020-01-01T10:00"})
    assert (late.status_code, "截止时间应晚于开始时间" in late.text) == (422, True)
    short = await lead.send(PAGE, **{**FILLED, "p_wish": ""})
    assert (short.status_code, "缺少参数 wish" in short.text) == (422, True)


async def test_a_button_that_came_too_late_says_so(crowd: Crowd, lead: Visitor) -> None:
    await crowd(1)
    here = (await lead.send(PAGE, **FILLED)).headers["location"]
    assert "不能这样操作" in await lead.follow(await lead.send(f"{here}/resume"))
    assert "已取消" in await lead.follow(await lead.send(f"{here}/cancel"))
    assert "已取消" in await lead.follow(await lead.http.get(f"{here}/cancel"))


async def test_another_halls_campaign_is_no_page(crowd: Crowd, lead: Visitor, visitor: Window) -> None:
    await crowd(1)
    here = (await lead.send(PAGE, **FILLED)).headers["location"]
    other = visitor("hall_manager", hall="WY01", county="weiyuan")
    assert (await other.http.get(here)).status_code == 404
    assert (await other.send(f"{here}/cancel")).status_code == 404
    assert (await visitor("clerk", hall="ZZ01", county="zizhong").send(PAGE, **FILLED)).status_code == 403
    bare = await lead.http.post(PAGE, data=FILLED)
    assert bare.status_code == 403
