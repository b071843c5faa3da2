"""Closing a period: final once, never before its end, and not moved by what comes later."""

import httpx
import pytest

from shared import clock
from shared.database import Database
from shared.events.kpi import PeriodClosed
from shared.testing.outboxes import events_said
from tests.kpi.conftest import Caller
from tests.kpi.house import MONTH, Tell, a_month, registered, score, scores, the_house

pytestmark = pytest.mark.both_databases


async def close(client: httpx.AsyncClient, period: str = MONTH, key: str = "close-1") -> httpx.Response:
    return await client.post(f"/kpi/v1/periods/{period}/close", headers={"Idempotency-Key": key})


async def test_a_closed_period_does_not_move(tell: Tell, caller: Caller, database: Database) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    closed = await close(office)
    assert closed.status_code == 201
    run_id = closed.json()["run_id"]
    before = await scores(office)
    assert {(one["status"], one["run_id"]) for one in before} == {("closed", run_id)}
    await tell(registered("ZZ0101", day=22))
    again = await office.post("/kpi/v1/runs", json={"period": MONTH}, headers={"Idempotency-Key": "r"})
    assert (again.status_code, again.json()["code"]) == (409, "period-closed")
    assert await scores(office) == before
    said = [event for event in await events_said(database) if isinstance(event, PeriodClosed)]
    assert [(event.period, str(event.run_id), event.closed_by) for event in said] == [
        (MONTH, run_id, "regional_office-test")
    ]


async def test_closing_twice_is_refused_and_its_repetition_answered(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    first, replay = await close(office), await close(office)
    assert (replay.headers["idempotency-replayed"], replay.content) == ("true", first.content)
    second = await close(office, key="close-2")
    assert (second.status_code, second.json()["code"]) == (409, "period-closed")


async def test_a_period_cannot_be_closed_before_its_end(caller: Caller) -> None:
    current = clock.month_of(clock.now())
    refused = await close(caller("regional_office"), current)
    assert (refused.status_code, refused.json()["code"]) == (409, "period-not-over")
    assert (await close(caller("hall_manager", hall="ZZ01", county="zizhong"))).status_code == 403


async def test_what_was_provisional_then_still_reads_so(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    await score(office)
    provisional, known_at = await scores(office), clock.now()
    await close(office)
    assert await scores(office, as_known_at=known_at.isoformat()) == provisional
    assert {one["status"] for one in provisional} == {"provisional"}
    state = (await office.get(f"/kpi/v1/periods/{MONTH}")).json()
    assert (state["closed"], state["closed_by"]) == (True, "regional_office-test")
