"""Figures outlive the people in them: a purge moves no run of a period before it, and nobody comes back."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared import clock, ids
from shared.events.base import Event
from shared.events.customer import CustomerLeftNetwork, CustomerPurged, CustomerUpdated, TouchLogged
from shared.events.messaging import SmsDelivered
from tests.kpi.conftest import Caller
from tests.kpi.house import Tell, a_month, an, at, delivered, of, registered, score, the_house

pytestmark = pytest.mark.both_databases
CLERK = "ZZ0101"


def left(customer: Any, when: Any) -> CustomerLeftNetwork:
    return an(
        CustomerLeftNetwork, **of(CLERK), customer_id=customer, occurred_at=when, left_at=when, version=8
    )


def purged(customer: Any, when: Any) -> CustomerPurged:
    return an(CustomerPurged, **of(CLERK), customer_id=customer, occurred_at=when, purged_at=when, version=9)


async def export(office: httpx.AsyncClient, run_id: str) -> dict[str, bytes]:
    files = {}
    for form in ("csv", "json"):
        answer = await office.get(f"/kpi/v1/exports/{run_id}.{form}")
        assert answer.status_code == 200, answer.text
        files[form] = answer.content
    return files


async def figures(office: httpx.AsyncClient, period: str) -> str:
    """What a new run of the period adds up to."""
    return str((await score(office, period))["sha256"])


async def test_kpi_before_a_purge_equals_kpi_after_to_the_byte(tell: Tell, caller: Caller) -> None:
    """October is closed, November is over and open, December runs: none of them moves when their people go."""
    customers = [ids.uuid7() for _ in range(3)]
    told: list[Event] = [registered(CLERK, customer_id=customer) for customer in customers]
    told += [delivered(CLERK, customer_id=customer, message_class="service") for customer in customers]
    await tell(*the_house(), *a_month(), *told)
    office = caller("regional_office")
    closed = await office.post("/kpi/v1/periods/2026-10/close", headers={"Idempotency-Key": "close"})
    assert closed.status_code == 201
    run_id = closed.json()["run_id"]
    left_at = at(20, month=10)
    await tell(*(left(customer, left_at) for customer in customers))
    before = await export(office, run_id), await figures(office, "2026-09"), await figures(office, "2026-Q3")
    this_month = clock.month_of(clock.now())
    running = await figures(office, this_month)
    await tell(*(purged(customer, clock.now()) for customer in customers))
    after = await export(office, run_id), await figures(office, "2026-09"), await figures(office, "2026-Q3")
    assert after == before
    assert await figures(office, this_month) == running


async def test_a_past_month_that_is_still_open_is_not_moved_either(tell: Tell, caller: Caller) -> None:
    customer = ids.uuid7()
    await tell(*the_house(), *a_month(), registered(CLERK, customer_id=customer))
    office = caller("regional_office")
    before = await figures(office, "2026-10")
    await tell(purged(customer, at(2, month=11)))
    assert await figures(office, "2026-10") == before


async def test_late_receipts_of_the_purged_are_counted_and_bring_nobody_back(
    tell: Tell, caller: Caller
) -> None:
    customer = ids.uuid7()
    await tell(*the_house(), registered(CLERK, customer_id=customer), purged(customer, at(20)))
    late = an(
        SmsDelivered,
        **of(CLERK),
        customer_id=customer,
        message_id=ids.uuid7(),
        occurred_at=at(21),
        delivered_at=at(21),
    )
    said_before = an(CustomerUpdated, **of(CLERK), customer_id=customer, occurred_at=at(19), version=7)
    await tell(late, said_before)
    assert await absent(caller("regional_office")) == {"ok": True, "count": 0, "sample": []}


async def test_purged_people_who_are_seen_again_are_found(tell: Tell, caller: Caller) -> None:
    customer = ids.uuid7()
    await tell(*the_house(), registered(CLERK, customer_id=customer), purged(customer, at(20)))
    again = at(20) + timedelta(hours=1)
    await tell(
        an(CustomerUpdated, **of(CLERK), customer_id=customer, occurred_at=again, version=10),
        an(
            TouchLogged,
            **of(CLERK),
            customer_id=customer,
            occurred_at=again,
            made_by=CLERK,
            touch_id=ids.uuid7(),
        ),
    )
    found = await absent(caller("regional_office"))
    assert (found["ok"], ["archive_size", "touch"]) == (
        False,
        sorted({row[1] for row in found["sample"]} & {"archive_size", "touch"}),
    )


async def absent(office: httpx.AsyncClient) -> dict[str, Any]:
    items = (await office.get("/kpi/v1/invariants")).json()["items"]
    (item,) = [item for item in items if item["name"] == "purged-people-absent"]
    return {name: item[name] for name in ("ok", "count", "sample")}
