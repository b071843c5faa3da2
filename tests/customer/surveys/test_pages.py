"""Questionnaires on pages: defined, changed by a new version, ended."""

from typing import Any

import httpx
import pytest

from services.customer.surveys import repository
from shared.runtime import Runtime
from tests.customer.access.people import a_user, csrf_of, sign_in

pytestmark = pytest.mark.usefixtures("organisation")
PAGES = "/customer/surveys/questionnaires"


@pytest.fixture
async def manager(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """赵刚 of the county, signed in."""
    await a_user(runtime, "zz0001", role="county_manager", hall=None, county="zizhong", staff_no="ZZ0001")
    await sign_in(guest, "zz0001")
    guest.headers.update({"accept": "text/html"})
    return guest


async def submit(browser: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    return await browser.post(path, data={**form, "csrf_token": await csrf_of(browser, f"{PAGES}/new")})


def a_form(**changes: str) -> dict[str, str]:
    usual = {
        "title": "春季调查", "introduction": "您好，想听听您的意见。",
        "questions": "speed | 办理速度\nprice｜资费清楚｜10",
        "valid_days": "7", "rest_days": "30", "remind_after_days": "", "per_hall": "0",
    }  # fmt: skip
    return {**usual, **changes}


async def survey_called(runtime: Runtime, code: str) -> Any:
    async with runtime.database.reading() as session:
        return await repository.get_newest(session, code)


async def test_a_questionnaire_is_written_line_by_line_and_changed_by_a_new_version(
    manager: httpx.AsyncClient, runtime: Runtime
) -> None:
    assert (await submit(manager, PAGES, code="spring", kind="counter", **a_form())).status_code == 303
    survey = await survey_called(runtime, "spring")
    assert [(q.code, q.text, q.out_of) for q in survey.asked] == [
        ("speed", "办理速度", 5),
        ("price", "资费清楚", 10),
    ]
    page = await manager.get(f"{PAGES}/spring")
    assert "price | 资费清楚 | 10" in page.text
    ended = await submit(manager, f"{PAGES}/spring", version="1", **a_form(title="春季调查（完）"))
    assert ended.status_code == 303
    survey = await survey_called(runtime, "spring")
    assert (survey.version, survey.title, survey.active) == (2, "春季调查（完）", False)
    stale = await submit(manager, f"{PAGES}/spring", version="1", **a_form())
    assert stale.status_code == 412
    assert "春季调查（完）" in (await manager.get(PAGES)).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"questions": "Speed | 速度"}, "格式不对"),
        ({"questions": "speed | 速度\nspeed | 又是速度"}, "题目编码不能重复"),
        ({"questions": ""}, "至少 1 项"),
        ({"valid_days": "0"}, "应不小于 1"),
        ({"code": "counter"}, "已经存在"),
    ],
)
async def test_a_wrong_questionnaire_comes_back_as_it_was_typed(
    manager: httpx.AsyncClient, changes: dict[str, str], said: str
) -> None:
    answer = await submit(manager, PAGES, **{"code": "spring", "kind": "counter", **a_form(), **changes})
    assert (answer.status_code, said in answer.text) == (422, True)
    assert "春季调查" in answer.text


async def test_a_hall_manager_defines_nothing(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    await sign_in(guest, "zz0100")
    guest.headers.update({"accept": "text/html"})
    assert (await guest.get(PAGES)).status_code == 403
    assert "问卷" not in (await guest.get("/customer/surveys")).text
