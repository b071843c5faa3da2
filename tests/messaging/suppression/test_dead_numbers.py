"""Numbers that nothing reaches: kept back after so many failures in a row, and a task for the clerk (A2-19)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.dispatch.ports import Submitted
from services.messaging.messages.models import Message
from services.messaging.suppression import rules
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases
TASKS = "/messaging/v1/number-tasks"
DEAD = Submitted("rejected", code="MK:0001", failure="number-dead")
START = datetime(2026, 11, 10, tzinfo=UTC)


class Line:
    """One customer, and messages to them that end as told."""

    def __init__(self, runtime: Runtime, ears: Ears, phones: PhoneBook, gateway: FakeGateway) -> None:
        self.customer = people.a_customer(phones)
        self._runtime, self._ears, self._gateway = runtime, ears, gateway

    async def begin(self, answer: Submitted) -> None:
        """The introduction."""
        self._gateway.answer = answer
        await self._ears.hear(people.a_hall(), self.customer)
        await Dispatcher(self._runtime, "simulator", self._gateway).step()

    async def notice(self, answer: Submitted) -> None:
        self._gateway.answer = answer
        await self._ears.hear(people.a_complaint(self.customer.customer_id))
        await Dispatcher(self._runtime, "simulator", self._gateway).step()


@pytest.fixture
def line(runtime: Runtime, ears: Ears, phones: PhoneBook, gateway: FakeGateway) -> Line:
    return Line(runtime, ears, phones, gateway)


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong")


async def tasks(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(TASKS, params=query)).json()["items"]
    return found


async def confirm(client: httpx.AsyncClient, task: str) -> httpx.Response:
    body, key = {"reason": "客户当面拨打，号码正常"}, {"idempotency-key": str(uuid4())}
    return await client.post(f"{TASKS}/{task}/confirmation", json=body, headers=key)


async def test_after_two_hard_failures_nothing_more_leaves_and_the_clerk_has_a_task(
    line: Line, clerk: httpx.AsyncClient, gateway: FakeGateway, shelf: Shelf
) -> None:
    await line.begin(DEAD)
    assert await tasks(clerk) == []
    await line.notice(DEAD)
    (task,) = await tasks(clerk)
    assert (task["reason"], task["phone_masked"]) == ("number-dead", "139********")
    assert task["note"] == "连续 2 次下发失败：MK:0001"
    assert UUID(task["customer_id"]) == line.customer.customer_id
    await line.notice(Submitted("accepted"))
    statuses = sorted((m.status, m.reason) for m in await shelf.messages())
    assert statuses == [("failed", "MK:0001"), ("failed", "MK:0001"), ("suppressed", "number-dead")]
    assert len(gateway.given) == 2


async def test_a_message_that_arrived_in_between_starts_the_count_anew(
    line: Line, clerk: httpx.AsyncClient, shelf: Shelf
) -> None:
    await line.begin(DEAD)
    await line.notice(Submitted("accepted"))
    await shelf.change(Message, Message.status == "accepted", status="delivered")
    await line.notice(DEAD)
    assert await tasks(clerk) == []


async def test_soft_failures_keep_nobody_back(line: Line, clerk: httpx.AsyncClient) -> None:
    off = Submitted("rejected", code="MI:0024", failure="unreachable")
    await line.begin(off)
    for _ in range(3):
        await line.notice(off)
    assert await tasks(clerk) == []


async def test_a_carriers_black_list_stops_what_needs_consent_and_nothing_else(
    line: Line, shelf: Shelf
) -> None:
    await line.begin(Submitted("rejected", code="DB:0141", failure="blacklisted"))
    await line.notice(Submitted("accepted"))
    assert [m.status for m in await shelf.messages(Message.message_class == "notice")] == ["accepted"]


async def test_the_clerk_confirms_the_number_and_it_is_written_to_again(
    line: Line, clerk: httpx.AsyncClient, caller: Caller, shelf: Shelf
) -> None:
    await line.begin(DEAD)
    await line.notice(DEAD)
    (task,) = await tasks(clerk)
    other = caller("clerk", hall="WY01", county="weiyuan")
    assert (await confirm(other, task["id"])).status_code == 404
    assert (await confirm(caller("auditor"), task["id"])).status_code == 403
    assert await tasks(other) == []
    assert (await confirm(clerk, task["id"])).status_code == 200
    assert (await confirm(clerk, task["id"])).json()["code"] == "suppression-lifted"
    await line.notice(DEAD)
    assert await tasks(clerk) == []
    await line.notice(DEAD)
    assert len(await tasks(clerk)) == 1


async def test_a_corrected_number_is_off_the_list(
    line: Line, clerk: httpx.AsyncClient, phones: PhoneBook, ears: Ears
) -> None:
    await line.begin(DEAD)
    await line.notice(DEAD)
    assert len(await tasks(clerk, clerk="ZZ0101")) == 1
    assert await tasks(clerk, clerk="ZZ0199") == []
    corrected = people.a_customer(
        phones, customer_id=line.customer.customer_id, phone="13700009999", version=2
    )
    await ears.hear(corrected)
    assert await tasks(clerk) == []


async def test_how_many_failures_it_takes_is_the_administrators(
    line: Line, clerk: httpx.AsyncClient, caller: Caller
) -> None:
    admin, path = caller("admin"), "/messaging/v1/number-rules"
    wanted = {"items": [{"failure": "number-dead", "failures_in_a_row": 1, "reason": "number-dead"}]}
    assert (await clerk.put(path, json=wanted)).status_code == 403
    assert (await admin.put(path, json={"items": wanted["items"] * 2})).status_code == 422
    assert (await admin.put(path, json=wanted)).json() == wanted
    assert (await admin.get(path)).json() == wanted
    await line.begin(DEAD)
    assert len(await tasks(clerk)) == 1


@given(st.lists(st.sampled_from([None, "number-dead", "unreachable"]), max_size=12), st.integers(0, 12))
def test_only_the_newest_of_one_kind_count(outcomes: list[str | None], lifted_before: int) -> None:
    dated = [(START + timedelta(hours=n), outcome) for n, outcome in enumerate(outcomes)][::-1]
    since = START + timedelta(hours=lifted_before, minutes=-1)
    counted = rules.in_a_row(dated, "number-dead", since)
    assert counted <= max(0, len(outcomes) - lifted_before)
    assert all(outcome == "number-dead" for _, outcome in dated[:counted])
    assert rules.in_a_row(dated, "number-dead", None) >= counted
