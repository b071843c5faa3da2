"""Offers on the card, the line on the workbench, the office's page: as a browser without scripts meets them."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.customer.archive.models import Customer
from services.customer.recommendations.pages import bars
from services.customer.recommendations.schemas import CountRead
from shared.database import Database
from shared.events.complaints import ComplaintClosed, ComplaintOpened, ComplaintRated
from shared.events.customer import RecommendationAnswered, RecommendationOffered
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.customers import a_customer
from tests.customer.offers import a_ticket, hear, the_halls_are

pytestmark = pytest.mark.usefixtures("organisation")
PAGE = {"accept": "text/html"}


@pytest.fixture
async def customer(database: Database, runtime: Runtime, organisation: None) -> Customer:
    await the_halls_are(database, "idle")
    return await a_customer(database, runtime.phones)


@pytest.fixture
async def clerk(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """张强 of ZZ01, signed in."""
    await a_user(runtime)
    await sign_in(guest, "zz0101")
    guest.headers.update(PAGE)
    return guest


async def said(database: Database, kind: type[Any]) -> list[Any]:
    return [event for event in await events_said(database) if isinstance(event, kind)]


def outcomes_in(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'action="(/customer/recommendations/[0-9a-f-]+/outcome)"', page)))


async def test_the_card_links_to_offers_with_reasons_words_and_both_answers(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    card = await clerk.get(f"/customer/customers/{customer.id}")
    path = f"/customer/customers/{customer.id}/recommendations"
    assert f'hx-get="{path}"' in card.text
    assert f'<a href="{path}">' in card.text
    page = (await clerk.get(path)).text
    for shown in (
        "畅游流量包 10 元",
        "10 元/月",
        "经常手机上网",
        "用完不断网",
        "客户接受",
        "没有接受的原因",
        "价格太高",
    ):
        assert shown in page
    assert len(outcomes_in(page)) == 3
    assert {event.offered_by for event in await said(database, RecommendationOffered)} == {"ZZ0101"}


async def test_an_answer_without_scripts_leads_back_and_is_seen(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    path = f"/customer/customers/{customer.id}/recommendations"
    first, second, _ = outcomes_in((await clerk.get(path)).text)
    form = {"outcome": "accepted", "csrf_token": await csrf_of(clerk, path)}
    accepted = await clerk.post(first, data=form)
    assert (accepted.status_code, accepted.headers["location"]) == (303, path)
    await clerk.post(second, data={**form, "outcome": "declined", "reason": "price"})
    page = (await clerk.get(path)).text
    assert "原因：价格太高" in page
    assert f"/customer/customers/{customer.id}/activations?product=DATA-10" in page
    assert outcomes_in(page)[0] not in (first, second)
    again = await clerk.post(first, data=form)
    assert (again.status_code, "已经登记" in again.text) == (409, True)
    assert [e.outcome for e in await said(database, RecommendationAnswered)] == ["accepted", "declined"]
    assert (await clerk.post(first, data={**form, "outcome": "maybe"})).status_code == 422


async def test_htmx_gets_the_offers_as_they_now_stand(clerk: httpx.AsyncClient, customer: Customer) -> None:
    path = f"/customer/customers/{customer.id}/recommendations"
    form = {"outcome": "accepted", "csrf_token": await csrf_of(clerk, path)}
    clerk.headers["hx-request"] = "true"
    part = await clerk.get(path)
    assert part.text.lstrip().startswith('<div id="offers-part">')
    answered = await clerk.post(outcomes_in(part.text)[0], data=form)
    assert answered.text.lstrip().startswith('<div id="offers-part">')
    assert "客户接受" in answered.text


async def test_while_an_issue_is_open_the_card_says_why_nothing_is_offered(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    await hear(database, a_ticket(ComplaintOpened, customer, 1, uuid4()))
    page = (await clerk.get(f"/customer/customers/{customer.id}/recommendations")).text
    assert "还没有办结" in page
    assert outcomes_in(page) == []


async def test_the_line_is_on_the_workbench_and_taking_leads_to_the_card(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    ticket = uuid4()
    assert 'hx-get="/customer/opportunities"' in (await clerk.get("/customer/workbench")).text
    assert "没有待跟进的客户" in (await clerk.get("/customer/opportunities")).text
    await hear(
        database,
        a_ticket(ComplaintRated, customer, 3, ticket),
        a_ticket(ComplaintClosed, customer, 4, ticket),
    )
    line = (await clerk.get("/customer/opportunities")).text
    assert "李锐" in line
    assert "投诉资费争议" in line
    form = {"csrf_token": await csrf_of(clerk, "/customer/opportunities")}
    taken = await clerk.post(f"/customer/opportunities/{ticket}/taking", data=form)
    assert taken.headers["location"] == f"/customer/customers/{customer.id}"
    assert "李锐" not in (await clerk.get("/customer/opportunities")).text
    assert (await clerk.get(f"/customer/opportunities/{ticket}/taking")).status_code == 303


async def test_the_office_sees_acceptance_as_table_and_chart(
    clerk: httpx.AsyncClient, customer: Customer, guest: httpx.AsyncClient
) -> None:
    path = f"/customer/customers/{customer.id}/recommendations"
    first, *_ = outcomes_in((await clerk.get(path)).text)
    await clerk.post(first, data={"outcome": "accepted", "csrf_token": await csrf_of(clerk, path)})
    for by, key in (("product", "畅游流量包 10 元"), ("clerk", "张强"), ("hour", ":00–")):
        page = (await clerk.get("/customer/recommendations/statistics", params={"by": by})).text
        assert key in page
        assert "33.3%" in page
        assert "<svg" in page
    empty = await clerk.get(
        "/customer/recommendations/statistics", params={"from": "2026-01-01", "to": "2026-01-31"}
    )
    assert "没有推荐过业务" in empty.text


async def test_the_price_list_says_what_it_costs_and_whom_it_suits(clerk: httpx.AsyncClient) -> None:
    page = (await clerk.get("/customer/price-list")).text
    for shown in (
        "家庭宽带 100 元",
        "100 元/月",
        "用机习惯：经常手机上网",
        "营业厅：闲时",
        "至少 30 天没有联系",
    ):
        assert shown in page


def test_bars_are_as_long_as_the_share_accepted_and_not_too_many() -> None:
    lines = [CountRead._counted(str(n), str(n), n, n // 2, 0, 0) for n in range(1, 30)]
    drawn = bars(lines)
    assert len(drawn) == 12
    assert all(0 <= bar["length"] <= 220 for bar in drawn)
    assert drawn[1]["rate"] == "50.0%"
