"""Runs and scores over HTTP: figures, ranks, explanations that add up, borders of halls."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from services.kpi.scoring.rules import figures_hash
from shared import clock
from shared.database import Database
from shared.events.customer import CustomerReassigned
from shared.events.kpi import ScorePublished
from shared.testing.outboxes import events_said
from tests.kpi.conftest import Caller
from tests.kpi.house import MONTH, Tell, a_month, at, missed, registered, responded, score, scores, the_house

pytestmark = pytest.mark.both_databases


def by_code(one: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {indicator["code"]: indicator for indicator in one["indicators"]}


def by_subject(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["subject"]: one for one in found}


async def test_a_month_is_scored_at_every_level(tell: Tell, caller: Caller, database: Database) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    run = await score(office)
    clerks = by_subject(await scores(office, level="clerk"))
    halls = by_subject(await scores(office, level="hall"))
    region = (await scores(office, level="region"))[0]
    assert set(clerks) == {"ZZ0101", "ZZ0102", "ZZ0201", "WY0101", "WY0102"}
    assert by_code(clerks["ZZ0201"])["customers_archived"]["numerator"] == 3
    assert by_code(halls["ZZ01"])["customers_archived"]["numerator"] == 3
    assert by_code(region)["customers_archived"]["numerator"] == 15
    assert by_code(region)["resolved_on_time"]["value"] == 0.8571
    assert by_code(region)["sales_amount"]["numerator"] == 152.5
    assert all(one["run_id"] == run["id"] and one["status"] == "provisional" for one in clerks.values())
    said = [event for event in await events_said(database) if isinstance(event, ScorePublished)]
    assert {event.subject for event in said} >= {*clerks, *halls, "region", "zizhong", "weiyuan"}
    assert {event.score for event in said if event.subject == "ZZ0101"} == {
        Decimal(str(clerks["ZZ0101"]["score"]))
    }


async def test_a_hall_is_its_clerks_and_what_is_credited_to_nobody(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    await score(office)
    hall = by_subject(await scores(office, level="hall"))["ZZ01"]
    explained = await explain(office, hall["id"], "resolved_on_time")
    parts = explained["parts"]
    assert {part["clerk"] for part in parts} == {"ZZ0101", "ZZ0102", None}
    assert sum(part["numerator"] for part in parts) == by_code(hall)["resolved_on_time"]["numerator"] == 3


async def test_no_data_is_not_zero(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), registered("ZZ0101"))
    office = caller("regional_office")
    await score(office)
    clerks = by_subject(await scores(office, level="clerk"))
    idle = by_code(clerks["WY0101"])
    assert (idle["customers_archived"]["value"], idle["customers_archived"]["contribution"]) == (0, 0)
    assert idle["resolved_on_time"]["value"] is None
    assert idle["resolved_on_time"]["contribution"] is None
    assert idle["recommendations_made"]["value"] is None
    assert idle["sms_cap_breaches"]["value"] == 0


async def test_a_period_in_which_nothing_was_counted_has_no_scores(tell: Tell, caller: Caller) -> None:
    await tell(*the_house())
    office = caller("regional_office")
    await score(office)
    for level in ("clerk", "hall", "region"):
        found = await scores(office, level=level)
        assert found
        assert {(one["score"], one["rank"]) for one in found} == {(None, None)}
        assert {part["contribution"] for one in found for part in one["indicators"]} == {None}


async def test_whoever_was_idle_while_others_worked_has_a_score_and_loses_by_it(
    tell: Tell, caller: Caller
) -> None:
    await tell(*the_house(), registered("ZZ0101"))
    office = caller("regional_office")
    await score(office)
    clerks = by_subject(await scores(office, level="clerk"))
    assert clerks["WY0101"]["score"] < 50
    assert by_code(clerks["WY0101"])["customers_archived"]["contribution"] == 0


async def test_scoring_twice_without_news_gives_the_same_run(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    first = await score(office)
    again = await score(office)
    assert again["id"] == first["id"]
    await tell(registered("ZZ0101", day=20))
    later = await score(office)
    assert later["id"] != first["id"]
    assert later["previous_run_id"] == first["id"]


async def test_a_run_needs_its_key_and_a_period(caller: Caller) -> None:
    office = caller("regional_office")
    assert (await office.post("/kpi/v1/runs", json={"period": MONTH})).status_code == 400
    wrong = await office.post("/kpi/v1/runs", json={"period": "2026-13"}, headers={"Idempotency-Key": "a"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/period")
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    refused = await clerk.post("/kpi/v1/runs", json={"period": MONTH}, headers={"Idempotency-Key": "a"})
    assert refused.status_code == 403


async def test_what_was_known_at_a_moment_can_be_read_again(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    before = clock.now()
    await score(office)
    first, known_at = await scores(office), clock.now()
    await tell(registered("ZZ0101", day=25), registered("ZZ0102", day=26))
    await score(office)
    assert await scores(office) != first
    assert await scores(office, as_known_at=known_at.isoformat()) == first
    assert await scores(office, as_known_at=before.isoformat()) == []


async def test_late_and_early_events_are_credited_to_the_month_in_which_they_happened(
    tell: Tell, caller: Caller
) -> None:
    await tell(
        *the_house(),
        registered("ZZ0101", day=30, month=9),
        registered("ZZ0101", day=31, occurred_at=at(31, 15)),
    )
    await tell(registered("ZZ0101", occurred_at=at(31, 16)))
    office = caller("regional_office")
    for period, expected in (("2026-09", 1), ("2026-10", 1), ("2026-11", 1), ("2026-Q3", 1), ("2026-Q4", 2)):
        await score(office, period)
        region = (await scores(office, period, level="region"))[0]
        assert by_code(region)["customers_archived"]["numerator"] == expected, period


async def test_equals_share_a_rank(tell: Tell, caller: Caller) -> None:
    same = [registered(clerk) for clerk in ("ZZ0101", "ZZ0102", "ZZ0201")]
    await tell(*the_house(), *same, registered("WY0101"), registered("WY0101"))
    office = caller("regional_office")
    await score(office)
    ranks = {one["subject"]: (one["rank"], one["n"]) for one in await scores(office, level="clerk")}
    assert ranks == {
        "WY0101": (1, 4),
        "ZZ0101": (2, 4),
        "ZZ0102": (2, 4),
        "ZZ0201": (2, 4),
        "WY0102": (None, 4),
    }


async def test_every_figure_at_every_level_is_the_sum_of_the_events_that_explain_it(
    tell: Tell, caller: Caller
) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    await score(office)
    one_a_level = {one["level"]: one for one in await scores(office)}
    for one in one_a_level.values():
        explained = await read(office, f"/kpi/v1/scores/{one['id']}/explain?limit=200")
        for indicator in explained["indicators"]:
            assert indicator["events"]["next_cursor"] is None
            for side in ("numerator", "denominator"):
                events = sum(Decimal(str(event[side])) for event in indicator["events"]["items"])
                places = sum(Decimal(str(part[side])) for part in indicator["parts"])
                assert events == places == Decimal(str(indicator[side])), (one["subject"], indicator["code"])
        contributions = [i["contribution"] for i in explained["indicators"] if i["contribution"] is not None]
        assert sum(Decimal(str(share)) for share in contributions) == Decimal(str(one["score"]))


async def test_what_was_left_out_is_explained_too(tell: Tell, caller: Caller) -> None:
    late = missed("ZZ0101", day=7)
    answered = responded("ZZ0101", day=9, ticket_id=late.ticket_id, cycle=late.cycle)
    await tell(*the_house(), late, answered)
    office = caller("regional_office")
    await score(office)
    await tell(responded("ZZ0101", day=20))
    clerk = by_subject(await scores(office, level="clerk"))["ZZ0101"]
    explained = await explain(office, clerk["id"], "first_response_on_time")
    assert (explained["numerator"], explained["denominator"]) == (0, 1)
    assert [event["topic"] for event in explained["events"]["items"]] == ["complaint.clock_missed"]
    reasons = {(event["topic"], event["reason"]) for event in explained["excluded"]["items"]}
    assert reasons == {
        ("complaint.responded", "already-counted"),
        ("complaint.responded", "arrived-after-the-run"),
    }


async def test_the_events_behind_a_figure_come_in_pages(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *(registered("ZZ0101") for _ in range(7)))
    office = caller("regional_office")
    await score(office)
    clerk = by_subject(await scores(office, level="clerk"))["ZZ0101"]
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        query = {"indicator": "customers_archived", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = await office.get(f"/kpi/v1/scores/{clerk['id']}/explain", params=query)
        events = answer.json()["indicators"][0]["events"]
        seen += [event["event_id"] for event in events["items"]]
        cursor = events["next_cursor"]
    assert (len(seen), len(set(seen)), cursor) == (7, 7, None)


async def test_everybody_sees_their_own_part_and_nothing_else(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    run = await score(office)
    county = caller("county_manager", county="zizhong")
    hall = caller("hall_manager", hall="ZZ01", county="zizhong")
    clerk = caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")
    assert {one["subject"] for one in await scores(county)} == {
        "zizhong",
        "ZZ01",
        "ZZ02",
        "ZZ0101",
        "ZZ0102",
        "ZZ0201",
    }
    assert {one["subject"] for one in await scores(hall)} == {"ZZ01", "ZZ0101", "ZZ0102"}
    assert {one["subject"] for one in await scores(clerk)} == {"ZZ0101"}
    foreign = by_subject(await scores(office))["ZZ02"]["id"]
    for path in (f"/kpi/v1/scores/{foreign}", f"/kpi/v1/scores/{foreign}/explain", f"/kpi/scores/{foreign}"):
        assert (await hall.get(path)).status_code == 404
    own = (await hall.get(f"/kpi/v1/exports/{run['id']}.json")).json()
    assert {one["subject"] for one in own["items"]} == {"ZZ01", "ZZ0101", "ZZ0102"}
    assert (await hall.get("/kpi/v1/feeds/scores")).status_code == 403
    assert (await hall.get("/kpi/v1/invariants")).status_code == 403


async def test_a_run_tells_the_hash_of_its_figures(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    run = await score(office)
    assert (await read(office, f"/kpi/v1/runs/{run['id']}"))["sha256"] == run["sha256"]
    rows = [
        [one["level"], one["subject"], number(one["score"]), one["rank"], one["n"], cell["code"]]
        + [number(cell[n]) for n in ("numerator", "denominator", "value", "target", "weight", "contribution")]
        for one in await scores(office)
        for cell in one["indicators"]
    ]
    assert figures_hash(rows) == run["sha256"]
    missing = await office.get("/kpi/v1/runs/01990000-0000-7000-8000-000000000000")
    assert (missing.status_code, missing.json()["code"]) == (404, "run-not-found")


def number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


async def read(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def explain(client: httpx.AsyncClient, score_id: str, indicator: str) -> dict[str, Any]:
    explained = await read(client, f"/kpi/v1/scores/{score_id}/explain?indicator={indicator}&limit=200")
    found: dict[str, Any] = explained["indicators"][0]
    return found


async def test_a_hand_over_changes_nothing_in_the_old_clerks_past_month(tell: Tell, caller: Caller) -> None:
    """A1-12: customers, follow-ups and tickets go to ZZ0102 in November; October stays ZZ0101's to the digit."""
    archived = [registered("ZZ0101", day=day) for day in range(3, 9)]
    await tell(*the_house(), *a_month(), *archived)
    office = caller("regional_office")
    await score(office)
    before = by_subject(await scores(office, level="clerk"))
    moves = [
        CustomerReassigned(
            version=2, occurred_at=at(2, month=11), customer_id=customer.customer_id, hall="ZZ01",
            county=customer.county, clerk="ZZ0102", from_hall="ZZ01", from_county=customer.county, from_clerk="ZZ0101",
            effective_from=at(2, month=11).date(),
        )
        for customer in archived
    ]  # fmt: skip
    await tell(*moves)
    await score(office)
    after = by_subject(await scores(office, level="clerk"))
    for clerk in ("ZZ0101", "ZZ0102"):
        assert after[clerk]["score"] == before[clerk]["score"]
        assert after[clerk]["indicators"] == before[clerk]["indicators"]
