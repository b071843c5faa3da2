"""Recommendations over HTTP: shown once a day, answered once, withheld while an issue is open, counted."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from services.customer.archive.models import Customer
from services.customer.recommendations.models import Recommendation
from shared.database import Database
from shared.events.complaints import ComplaintClosed, ComplaintOpened, ComplaintRated, ComplaintResolved
from shared.events.customer import RecommendationAnswered, RecommendationOffered
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import a_customer, post
from tests.customer.offers import a_ticket, hear, only_these_products, the_halls_are

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]
V1 = "/customer/v1"


@pytest.fixture(autouse=True)
async def idle(database: Database, organisation: None) -> None:
    await the_halls_are(database, "idle")


@pytest.fixture
async def customer(database: Database, runtime: Runtime) -> Customer:
    """李锐: 动感地带, 18-25, 30-80 yuan, often online, likes music."""
    return await a_customer(database, runtime.phones)


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong", subject="pos-zz01")


async def offers(client: httpx.AsyncClient, customer: Customer, **query: str) -> Any:
    answer = await client.get(f"{V1}/customers/{customer.id}/recommendations", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def said(database: Database, kind: type[Any]) -> list[Any]:
    return [event for event in await events_said(database) if isinstance(event, kind)]


async def count(database: Database) -> int:
    async with database.reading() as session:
        return (await session.execute(sa.select(sa.func.count()).select_from(Recommendation))).scalar_one()


async def test_at_most_three_that_fit_with_reasons_in_words_are_shown_and_said_once(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    first = await offers(clerk, customer)
    again = await offers(clerk, customer)
    assert first == again
    assert [item["rank"] for item in first["items"]] == [1, 2, 3]
    best = first["items"][0]
    assert best["product"] == "DATA-10"
    assert "经常手机上网" in best["reasons"]
    assert best["selling_points"]
    assert best["price_text"] == "10 元/月"
    assert "畅游流量包 10 元" in best["words"]
    assert first["script"]["title"]
    assert (best["rule_version"], best["offered_by"], best["outcome"]) == ("1.1", "ZZ0101", None)
    events = await said(database, RecommendationOffered)
    assert [(e.product, e.rank, e.offered_by) for e in events] == [
        (item["product"], item["rank"], "ZZ0101") for item in first["items"]
    ]
    assert events[0].reasons == tuple(best["reason_codes"])
    assert events[0].product_title == "畅游流量包 10 元"
    assert await count(database) == 3


async def test_many_who_look_at_the_same_moment_see_the_same_records(
    clerk: httpx.AsyncClient, pos: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    seen = await asyncio.gather(*(offers(client, customer) for client in [clerk, pos] * 10))
    assert len({tuple(item["id"] for item in one["items"]) for one in seen}) == 1
    assert await count(database) == 3
    assert len(await said(database, RecommendationOffered)) == 3


async def test_only_who_stands_at_the_counter_shows_anything(
    caller: Caller, pos: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    for reader in (caller("regional_office"), caller("auditor"), caller("county_manager", county="zizhong")):
        assert (await offers(reader, customer))["items"] == []
    assert await count(database) == 0
    shown = await offers(pos, customer, clerk="ZZ0100")
    assert {item["offered_by"] for item in shown["items"]} == {"ZZ0100"}
    assert (await offers(caller("auditor"), customer))["items"] == shown["items"]


async def test_an_answer_is_one_and_said_once(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    yes, no, _ = (item["id"] for item in (await offers(clerk, customer))["items"])
    accepted = await post(clerk, f"/recommendations/{yes}/outcome", {"outcome": "accepted"}, "k1")
    repeated = await post(clerk, f"/recommendations/{yes}/outcome", {"outcome": "accepted"}, "k1")
    assert (accepted.status_code, repeated.content) == (201, accepted.content)
    declined = await post(clerk, f"/recommendations/{no}/outcome", {"outcome": "declined", "reason": "太贵"})
    assert {k: declined.json()["outcome"][k] for k in ("outcome", "reason", "note", "answered_by")} == {
        "outcome": "declined", "reason": "other", "note": "太贵", "answered_by": "ZZ0101",
    }  # fmt: skip
    for outcome in ("declined", "accepted"):
        second = await post(clerk, f"/recommendations/{yes}/outcome", {"outcome": outcome})
        assert (second.status_code, second.json()["code"]) == (409, "recommendation-answered")
        assert second.json()["outcome"] == "accepted"
    answers = await said(database, RecommendationAnswered)
    assert [(str(e.recommendation_id), e.outcome, e.reason, e.version) for e in answers] == [
        (yes, "accepted", None, 2),
        (no, "declined", "other", 2),
    ]
    read = (await clerk.get(f"{V1}/recommendations/{yes}")).json()
    assert read["outcome"]["outcome"] == "accepted"


async def test_of_many_answers_at_the_same_moment_one_counts(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    one = (await offers(clerk, customer))["items"][0]["id"]
    bodies = [{"outcome": "accepted"}, {"outcome": "declined", "reason": "price"}] * 5
    answers = await asyncio.gather(*(post(clerk, f"/recommendations/{one}/outcome", b) for b in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert len(await said(database, RecommendationAnswered)) == 1


async def test_a1_15_no_outcome_without_a_shown_record_and_acceptance_is_outcomes_over_shown(
    clerk: httpx.AsyncClient, customer: Customer, database: Database, caller: Caller
) -> None:
    """An outcome without a shown record is not found; acceptance is outcomes over what was shown."""
    unknown = await post(clerk, f"/recommendations/{uuid4()}/outcome", {"outcome": "accepted"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "recommendation-not-found")
    shown = (await offers(clerk, customer))["items"]
    assert len(shown) == 3
    assert all(item["shown_at"] and item["rule_version"] and item["reasons"] for item in shown)
    elsewhere = caller("clerk", hall="ZZ02", county="zizhong", subject="ZZ0201")
    path = f"/recommendations/{shown[0]['id']}/outcome"
    assert (await post(elsewhere, path, {"outcome": "accepted"})).status_code == 404
    assert (await post(clerk, path, {"outcome": "activated"})).status_code == 422
    await post(clerk, path, {"outcome": "accepted"})
    await post(
        clerk, f"/recommendations/{shown[1]['id']}/outcome", {"outcome": "declined", "reason": "price"}
    )
    total = (await clerk.get(f"{V1}/recommendations/statistics")).json()["total"]
    assert (total["numerator"], total["denominator"], total["answered"]) == (1, 3, 2)


async def test_nothing_is_offered_while_an_issue_is_open_and_first_when_it_is_settled_well(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    ticket = uuid4()
    await hear(database, a_ticket(ComplaintOpened, customer, 1, ticket))
    open_ = await offers(clerk, customer)
    assert (open_["items"], open_["withheld"]) == ([], "complaint-open")
    assert "还没有办结" in open_["note"]
    await hear(database, a_ticket(ComplaintResolved, customer, 2, ticket))
    assert (await offers(clerk, customer))["withheld"] == "complaint-open"
    assert (await clerk.get(f"{V1}/opportunities")).json()["items"] == []
    await hear(database, a_ticket(ComplaintRated, customer, 3, ticket, score=5))
    await hear(database, a_ticket(ComplaintClosed, customer, 4, ticket))
    waiting = (await clerk.get(f"{V1}/opportunities", params={"clerk": "ZZ0101"})).json()["items"]
    assert [(w["ticket_id"], w["about"], w["score"]) for w in waiting] == [(str(ticket), "投诉资费争议", 5)]
    assert waiting[0]["phone_masked"] == "139********"
    now = await offers(clerk, customer)
    assert now["settled_well"]
    assert {item["ticket_id"] for item in now["items"]} == {str(ticket)}
    assert {e.ticket_id for e in await said(database, RecommendationOffered)} == {ticket}
    await post(clerk, f"/recommendations/{now['items'][0]['id']}/outcome", {"outcome": "accepted"})
    assert (await clerk.get(f"{V1}/opportunities")).json()["items"] == []


async def test_an_opportunity_is_taken_once_and_only_in_its_hall(
    clerk: httpx.AsyncClient, caller: Caller, customer: Customer, database: Database
) -> None:
    ticket = uuid4()
    path = f"/opportunities/{ticket}/taking"
    assert (await post(clerk, path, {})).status_code == 404
    await hear(
        database,
        a_ticket(ComplaintRated, customer, 3, ticket),
        a_ticket(ComplaintClosed, customer, 4, ticket),
    )
    elsewhere = caller("clerk", hall="ZZ02", county="zizhong", subject="ZZ0201")
    assert (await elsewhere.get(f"{V1}/opportunities")).json()["items"] == []
    assert (await post(elsewhere, path, {})).json()["code"] == "opportunity-not-found"
    answers = await asyncio.gather(*(post(clerk, path, {}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert (refused.json()["code"], refused.json()["taken_by"]) == ("opportunity-taken", "ZZ0101")
    assert (await clerk.get(f"{V1}/opportunities")).json()["items"] == []


async def test_a_busy_hall_offers_what_is_quick_or_nothing_as_the_policy_says(
    clerk: httpx.AsyncClient, caller: Caller, customer: Customer, database: Database
) -> None:
    await the_halls_are(database, "busy")
    busy = await offers(clerk, customer)
    assert busy["hall_busy"]
    assert busy["items"]
    assert "MUSIC-08" not in {item["product"] for item in busy["items"]}
    office = caller("regional_office")
    policy = {"effective_from": "2026-02-01", "busy": "none", "max_offers": 2}
    kept = await post(office, "/recommendation-policies", policy)
    assert (kept.status_code, kept.json()["version"]) == (201, 2)
    assert (await post(office, "/recommendation-policies", policy)).json()["code"] == "policy-exists"
    assert (await post(clerk, "/recommendation-policies", policy)).status_code == 403
    nothing = await offers(clerk, customer)
    assert (nothing["withheld"], nothing["items"]) == ("hall-busy", [])
    await the_halls_are(database, "idle")
    still = (await offers(clerk, customer))["items"]
    assert [item["id"] for item in still] == [item["id"] for item in busy["items"]]
    versions = (await office.get(f"{V1}/recommendation-policies")).json()["items"]
    assert [(v["version"], v["busy"]) for v in versions] == [(2, "none"), (1, "quick")]


async def test_what_was_declined_is_not_spoken_of_again_for_a_while(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    await only_these_products(database, {"code": "X-1"}, {"code": "X-2"}, {"code": "X-3"}, {"code": "X-4"})
    shown = (await offers(clerk, customer))["items"]
    assert [item["product"] for item in shown] == ["X-1", "X-2", "X-3"]
    await post(
        clerk, f"/recommendations/{shown[0]['id']}/outcome", {"outcome": "declined", "reason": "price"}
    )
    assert [item["product"] for item in (await offers(clerk, customer))["items"]] == ["X-1", "X-2", "X-3"]
    await _make_older(database, days=5)
    assert [item["product"] for item in (await offers(clerk, customer))["items"]] == ["X-2", "X-3", "X-4"]


async def test_who_withdrew_or_left_is_offered_nothing(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    withdrawal = {
        "purpose": "archive", "decision": "withdrawn", "channel": "counter", "wording_version": "v1",
        "evidence": {"kind": "signature", "reference": "S-9"},
    }  # fmt: skip
    assert (await post(clerk, f"/customers/{customer.id}/consents", withdrawal)).status_code == 201
    assert (await offers(clerk, customer))["withheld"] == "consent-withdrawn"
    async with database.transaction() as session:
        await session.execute(sa.update(Customer).values(status="left"))
    assert (await offers(clerk, customer))["withheld"] == "left-network"


async def test_another_hall_a_missing_scope_and_a_bad_body_are_refused(
    clerk: httpx.AsyncClient, caller: Caller, customer: Customer
) -> None:
    one = (await offers(clerk, customer))["items"][0]["id"]
    elsewhere = caller("clerk", hall="ZZ02", county="zizhong", subject="ZZ0201")
    for path in (f"/customers/{customer.id}/recommendations", f"/recommendations/{one}"):
        assert (await elsewhere.get(f"{V1}{path}")).status_code == 404
        assert (await caller("gateway").get(f"{V1}{path}")).status_code == 403
    assert (await elsewhere.get(f"{V1}/recommendations")).json()["items"] == []
    auditor = await post(caller("auditor"), f"/recommendations/{one}/outcome", {"outcome": "accepted"})
    assert auditor.status_code == 403
    for body in (
        {},
        {"outcome": "maybe"},
        {"outcome": "declined", "reason": "x" * 101},
        {"outcome": "accepted", "x": 1},
    ):
        assert (await post(clerk, f"/recommendations/{one}/outcome", body)).status_code == 422
    assert (await clerk.get(f"{V1}/recommendations/statistics", params={"by": "moon"})).status_code == 422


async def test_statistics_count_by_product_clerk_and_hour_with_both_sides(
    clerk: httpx.AsyncClient, pos: httpx.AsyncClient, customer: Customer, database: Database, runtime: Runtime
) -> None:
    other = await a_customer(database, runtime.phones, "13908320002")
    mine, theirs = (
        (await offers(clerk, customer))["items"],
        (await offers(pos, other, clerk="ZZ0100"))["items"],
    )
    assert [i["product"] for i in mine] == [i["product"] for i in theirs]
    await post(clerk, f"/recommendations/{mine[0]['id']}/outcome", {"outcome": "accepted"})
    body = {"outcome": "declined", "reason": "price", "clerk": "ZZ0100"}
    answered = await post(pos, f"/recommendations/{theirs[0]['id']}/outcome", body)
    assert answered.json()["outcome"]["answered_by"] == "ZZ0100"

    async def counted(by: str) -> dict[str, tuple[int, int]]:
        found = (await clerk.get(f"{V1}/recommendations/statistics", params={"by": by})).json()
        assert found["declined_because"] == {"price": 1}
        assert (found["total"]["numerator"], found["total"]["denominator"]) == (1, 6)
        return {item["name"]: (item["numerator"], item["denominator"]) for item in found["items"]}

    assert (await counted("product"))["畅游流量包 10 元"] == (1, 2)
    assert await counted("clerk") == {"张强": (1, 3), "王敏": (0, 3)}
    assert list((await counted("hour")).values()) == [(1, 6)]
    assert list((await counted("script")).values()) == [(1, 6)]
    other_month = {"from": "2026-01-01", "to": "2026-01-31"}
    empty = (await clerk.get(f"{V1}/recommendations/statistics", params=other_month)).json()
    assert (empty["items"], empty["total"]["denominator"]) == ([], 0)


async def test_the_archive_shows_what_came_of_it_after_what_the_sheet_said(
    clerk: httpx.AsyncClient, database: Database, customer: Customer
) -> None:
    async with database.transaction() as session:
        await session.execute(sa.update(Customer).values(carried_recommendations="推荐过彩铃"))
    await only_these_products(database, {"code": "X-1", "name": "业务一"}, {"code": "X-2", "name": "业务二"})
    shown = (await offers(clerk, customer))["items"]
    await post(
        clerk, f"/recommendations/{shown[0]['id']}/outcome", {"outcome": "declined", "reason": "price"}
    )
    card = (await clerk.get(f"{V1}/customers/{customer.id}")).json()
    carried, *phrases = card["recommendations"].split("；")
    assert carried == "推荐过彩铃"
    assert sorted(phrase.partition("（")[0] for phrase in phrases) == [
        "业务一：客户没有接受",
        "业务二：已推荐",
    ]
    assert "价格太高" in card["recommendations"]
    sheet = (await clerk.get(f"{V1}/archive.csv", params={"hall": "ZZ01"})).text
    assert card["recommendations"] in sheet


async def _make_older(database: Database, *, days: int) -> None:
    """As if everything shown until now had been some days ago."""
    async with database.transaction() as session:
        for row in (await session.scalars(sa.select(Recommendation))).all():
            row.day = row.day.fromordinal(row.day.toordinal() - days)
