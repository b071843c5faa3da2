"""Off-net lists and cleanings over HTTP: who left, who is cleaned, and what is left of them."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.customer.access_log.models import AccessLogEntry
from services.customer.archive.models import Customer
from services.customer.purges.models import OffNetRow
from shared import clock
from shared.database import Database
from shared.events.customer import CustomerLeftNetwork, CustomerPurged, CustomerUpdated
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import NAME, PHONE, PLATE, post, register
from tests.customer.imports.sheets import as_xlsx
from tests.customer.purges.leavers import a_list, cleaned, counts, taken_in, upload, work

pytestmark = pytest.mark.usefixtures("organisation")


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


@pytest.fixture
def manager(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong")


@pytest.fixture
def office(caller: Caller) -> httpx.AsyncClient:
    return caller("regional_office")


async def said(database: Database, kind: type[Any]) -> list[Any]:
    return [event for event in await events_said(database) if isinstance(event, kind)]


async def registered(client: httpx.AsyncClient, phone: str = PHONE, **changes: Any) -> str:
    answer = await register(client, phone=phone, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def leave(client: httpx.AsyncClient, customer: str, **body: Any) -> httpx.Response:
    return await post(client, f"/customers/{customer}/left-network", body)


@pytest.mark.both_databases
async def test_an_untidy_list_marks_ours_as_left_and_forgets_everybody_else(
    pos: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    ours, dated = await registered(pos), await registered(pos, "13908320002")
    await registered(caller("pos", hall="WY01", county="weiyuan"), "13908320003", hall="WY01", clerk="WY0101")
    today = f"{clock.business_date(clock.now()):%Y.%m.%d}"
    job = await taken_in(pos, database, a_list(
        ("13908320001.0", today), ("１３９０８３２０００２", "下个月"), ("13908320003", today), ("13800000000", ""),
        ("1390832", ""), ("13908320001", today), ("以上共六户", ""),
    ))  # fmt: skip
    assert (job["status"], counts(job)) == ("completed", (6, 6, 1, 3, 2))
    rows = (await pos.get(f"/customer/v1/off-net-lists/{job['id']}/rows")).json()["items"]
    assert [(row["status"], row["code"], row["customer_id"]) for row in rows] == [
        ("updated", None, ours), ("rejected", "date-invalid", dated), ("unchanged", "not-archived", None),
        ("unchanged", "not-archived", None), ("rejected", "invalid-phone", None), ("unchanged", "already-left", ours),
    ]  # fmt: skip
    async with database.reading() as session:
        kept = (await session.scalars(select(OffNetRow).where(OffNetRow.status != "rejected"))).all()
    assert {(row.phone_enc, row.phone_index) for row in kept} == {(None, None)}
    (left,) = await said(database, CustomerLeftNetwork)
    assert (str(left.customer_id), left.reported_by) == (ours, "off_net_list")


async def test_refused_lines_come_back_as_a_file_that_can_be_sent_again(
    pos: httpx.AsyncClient, database: Database
) -> None:
    await registered(pos)
    job = await taken_in(pos, database, a_list((PHONE, "昨天"), ("1390832", "")))
    answer = await pos.get(f"/customer/v1/off-net-lists/{job['id']}/rejected")
    heading, *lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (heading[:2], [line[0] for line in lines]) == (["手机号码", "离网时间"], [PHONE, "1390832"])
    lines[0][1] = ""
    again = await taken_in(pos, database, [heading, *lines])
    assert counts(again) == (2, 2, 1, 0, 1)
    async with database.reading() as session:
        assert (await session.scalars(select(AccessLogEntry.action))).all() == ["rejected-rows-fetched"]


async def test_a_workbook_is_read_like_a_list(pos: httpx.AsyncClient, database: Database) -> None:
    customer = await registered(pos)
    rows = a_list((13908320001.0, clock.business_date(clock.now())))
    job = await taken_in(pos, database, as_xlsx(rows))
    assert counts(job) == (1, 1, 1, 0, 0)
    assert (await pos.get(f"/customer/v1/customers/{customer}")).json()["status"] == "left"


async def test_a_rehearsed_list_changes_nothing(pos: httpx.AsyncClient, database: Database) -> None:
    customer = await registered(pos)
    job = await taken_in(pos, database, a_list((PHONE, ""), (PHONE, "")), dry_run="true")
    assert counts(job) == (2, 2, 1, 1, 0)
    assert (await pos.get(f"/customer/v1/customers/{customer}")).json()["status"] == "active"
    assert await said(database, CustomerLeftNetwork) == []


async def test_the_next_holder_of_a_number_is_not_taken_for_the_former(
    pos: httpx.AsyncClient, database: Database
) -> None:
    await registered(pos)
    job = await taken_in(pos, database, a_list((PHONE, "2020.1.1")))
    rows = (await pos.get(f"/customer/v1/off-net-lists/{job['id']}/rows")).json()["items"]
    assert [(row["status"], row["code"]) for row in rows] == [("unchanged", "archived-since")]


async def test_a_file_that_is_no_list_is_refused(pos: httpx.AsyncClient, database: Database) -> None:
    answer = await upload(pos, [["姓名"], ["李锐"]])
    assert (answer.status_code, answer.json()["code"]) == (422, "off-net-list-unrecognised")
    assert (await pos.get("/customer/v1/off-net-lists")).json()["items"] == []


async def test_the_same_upload_twice_is_one_list(pos: httpx.AsyncClient, database: Database) -> None:
    await registered(pos)
    first, second = [await upload(pos, a_list((PHONE, "")), key="once") for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    assert len((await pos.get("/customer/v1/off-net-lists")).json()["items"]) == 1


@pytest.mark.both_databases
async def test_the_pos_flag_is_said_once(pos: httpx.AsyncClient, database: Database) -> None:
    customer = await registered(pos, external_id={"source": "till", "id": "7"})
    first, second = await leave(pos, customer, reason="拆机"), await leave(pos, customer)
    assert (first.status_code, second.status_code) == (201, 201)
    assert {first.json()["status"], second.json()["status"]} == {"left"}
    (event,) = await said(database, CustomerLeftNetwork)
    assert (event.reported_by, event.reason, event.version) == ("pos", "拆机", 2)


async def test_who_left_is_not_written_to_any_more(pos: httpx.AsyncClient, database: Database) -> None:
    customer = await registered(pos)
    await leave(pos, customer)
    path, headers = f"/customer/v1/customers/{customer}", {"If-Match": "*"}
    changed = await pos.patch(path, json={"name": "王芳"}, headers=headers)
    stored = await post(pos, f"/customers/{customer}/number-stored", {**PLATE, "at": clock.now().isoformat()})
    granted = await post(pos, f"/customers/{customer}/consents", a_word("marketing_sms", "granted"))
    assert {answer.status_code for answer in (changed, stored, granted)} == {409}
    assert {answer.json()["code"] for answer in (changed, stored, granted)} == {"customer-left"}
    withdrawn = await post(pos, f"/customers/{customer}/consents", a_word("service_sms", "withdrawn"))
    assert withdrawn.status_code == 201
    assert await said(database, CustomerUpdated) == []


def a_word(purpose: str, decision: str) -> dict[str, Any]:
    return {
        "purpose": purpose, "decision": decision, "channel": "counter", "wording_version": "v1",
        "evidence": {"kind": "signature", "reference": "T-1"},
    }  # fmt: skip


async def test_nobody_leaves_in_the_future_or_in_another_hall(pos: httpx.AsyncClient, caller: Caller) -> None:
    customer = await registered(pos)
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    early = await leave(pos, customer, left_at=tomorrow)
    assert (early.status_code, early.json()["code"]) == (422, "left-in-the-future")
    elsewhere = caller("pos", hall="WY01", county="weiyuan")
    assert (await leave(elsewhere, customer)).status_code == 404
    assert (await leave(caller("auditor"), customer)).status_code == 403


@pytest.mark.both_databases
async def test_a_rehearsal_counts_and_shows_some_masked_and_changes_nothing(
    pos: httpx.AsyncClient, manager: httpx.AsyncClient, database: Database
) -> None:
    gone, _stays = await registered(pos), await registered(pos, "13908320002")
    await leave(pos, gone)
    job = await cleaned(manager, database, dry_run=True)
    assert (job["status"], job["dry_run"], counts(job)) == ("completed", True, (1, 1, 0, 0, 0))
    assert job["by_hall"] == [{"hall": "ZZ01", "found": 1, "erased": 0, "skipped": 0}]
    (shown,) = job["sample"]
    assert (shown["phone_masked"], shown["name_masked"]) == ("139********", "李*")
    assert NAME not in str(job)
    assert PHONE not in str(job)
    assert (await pos.get(f"/customer/v1/customers/{gone}")).json()["name"] == NAME
    assert await said(database, CustomerPurged) == []


@pytest.mark.both_databases
async def test_a_cleaning_erases_who_left_and_nobody_else(
    pos: httpx.AsyncClient, manager: httpx.AsyncClient, database: Database
) -> None:
    gone, stays = await registered(pos), await registered(pos, "13908320002", name="王芳")
    await leave(pos, gone)
    job = await cleaned(manager, database)
    assert (job["status"], counts(job), job["sample"]) == ("completed", (1, 1, 1, 0, 0), [])
    assert (await pos.get(f"/customer/v1/customers/{gone}")).status_code == 404
    assert (await pos.get(f"/customer/v1/customers/{stays}")).json()["name"] == "王芳"
    (event,) = await said(database, CustomerPurged)
    assert (str(event.customer_id), event.reason, event.month) == (gone, "left_network", job["month"])
    again = await cleaned(manager, database)
    assert counts(again) == (0, 0, 0, 0, 0)
    assert len(await said(database, CustomerPurged)) == 1
    rows = (await manager.get(f"/customer/v1/purges/{job['id']}/rows")).json()["items"]
    assert [(row["customer_id"], row["status"]) for row in rows] == [(gone, "erased")]


async def test_a_cleaning_keeps_to_the_callers_area(
    pos: httpx.AsyncClient, caller: Caller, office: httpx.AsyncClient, database: Database
) -> None:
    wy = caller("pos", hall="WY01", county="weiyuan")
    ours, theirs = await registered(pos), await registered(wy, "13908320003", hall="WY01", clerk="WY0101")
    await leave(pos, ours)
    await leave(wy, theirs)
    county = caller("county_manager", county="weiyuan")
    job = await cleaned(county, database)
    assert [row["hall"] for row in job["by_hall"]] == ["WY01"]
    assert (await pos.get(f"/customer/v1/customers/{ours}")).status_code == 200
    for path in ("", "/rows"):
        assert (await pos.get(f"/customer/v1/purges/{job['id']}{path}")).status_code == 404
        assert (await office.get(f"/customer/v1/purges/{job['id']}{path}")).status_code == 200


async def test_who_left_after_the_month_is_not_cleaned_with_it(
    pos: httpx.AsyncClient, office: httpx.AsyncClient, database: Database
) -> None:
    await leave(pos, await registered(pos))
    month = clock.previous_month(clock.month_of(clock.now()))
    assert counts(await cleaned(office, database, month=month))[0] == 0


async def test_a_month_to_come_and_a_wrong_one_are_refused(office: httpx.AsyncClient) -> None:
    later = clock.next_month(clock.month_of(clock.now()))
    answers = [await post(office, "/purges", {"month": month}) for month in (later, "2026-13")]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json()["code"] == "month-not-begun"


async def test_clerks_do_not_clean(caller: Caller) -> None:
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    assert (await post(clerk, "/purges", {"month": "2026-10"})).status_code == 403


async def test_a_cancelled_cleaning_spares_who_was_not_erased_yet(
    pos: httpx.AsyncClient, manager: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.customer.purges.usecases.cleaning.CHUNK", 1)
    for n in range(3):
        await leave(pos, await registered(pos, f"1390832000{n}"))
    started = await post(manager, "/purges", {"month": clock.month_of(clock.now()), "dry_run": False})
    await work(database, chunks=2)
    path = f"/purges/{started.json()['id']}/cancellation"
    stopped = await post(manager, path, {})
    await work(database)
    job = (await manager.get(f"/customer/v1/purges/{started.json()['id']}")).json()
    assert (stopped.status_code, job["status"], counts(job)) == (200, "cancelled", (3, 1, 1, 0, 0))
    finished = await cleaned(manager, database)
    late = await post(manager, f"/purges/{finished['id']}/cancellation", {})
    assert (late.status_code, late.json()["code"]) == (409, "purge-finished")


@pytest.mark.both_databases
async def test_erasure_on_request_is_at_once_and_asking_again_changes_nothing(
    pos: httpx.AsyncClient, database: Database
) -> None:
    customer = await registered(pos)
    path = f"/customer/v1/customers/{customer}"
    stale = await pos.delete(path, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    first = await pos.delete(path, headers={"If-Match": '"1"'})
    second = await pos.delete(path, headers={"If-Match": '"1"'})
    assert (first.status_code, second.status_code, first.content) == (204, 204, b"")
    (event,) = await said(database, CustomerPurged)
    assert (event.reason, event.month) == ("erasure_request", None)
    async with database.reading() as session:
        log = (await session.scalars(select(AccessLogEntry))).all()
    assert [(entry.action, str(entry.subject_id)) for entry in log] == [("customer-erased", customer)]


async def test_a_reason_may_be_given_and_holds_no_number(pos: httpx.AsyncClient, database: Database) -> None:
    path = f"/customer/v1/customers/{await registered(pos)}"
    body = {"reason": f"客户{PHONE}来厅要求"}
    assert (await pos.request("DELETE", path, json=body)).status_code == 204
    async with database.reading() as session:
        assert (await session.scalars(select(AccessLogEntry.reason))).all() == ["客户139********来厅要求"]


async def test_nobody_is_erased_from_another_hall(pos: httpx.AsyncClient, caller: Caller) -> None:
    customer = await registered(pos)
    elsewhere = caller("hall_manager", hall="WY01", county="weiyuan")
    assert (await elsewhere.delete(f"/customer/v1/customers/{customer}")).status_code == 404
    assert (await caller("auditor").delete(f"/customer/v1/customers/{customer}")).status_code == 403
    assert (await pos.delete(f"/customer/v1/customers/{uuid4()}")).status_code == 404


async def test_what_is_left_of_an_erased_customer_names_nobody(
    pos: httpx.AsyncClient, database: Database
) -> None:
    customer = await registered(pos, external_id={"source": "till", "id": "K-9"}, habits_note="夜里关机")
    changed = {"name": "李锐敏", "preferences_note": "爱听京剧"}
    await pos.patch(f"/customer/v1/customers/{customer}", json=changed, headers={"If-Match": "*"})
    await pos.delete(f"/customer/v1/customers/{customer}")
    async with database.reading() as session:
        row = (await session.scalars(select(Customer))).one()
        history = (await session.execute(sa.text("SELECT changes FROM customer_changes"))).scalars().all()
    assert (row.status, row.hall, row.clerk, row.brand) == ("erased", "ZZ01", "ZZ0101", 2)
    identity = (row.name, row.phone_enc, row.phone_index, row.phone_masked, row.external_id, row.gender)
    assert identity == ("", "", "", "", None, None)
    assert (row.habits, row.preferences, row.habits_note, row.preferences_note) == ([], [], None, None)
    assert [str(each).strip() for each in history] == ["[]"]


async def test_who_withdraws_the_consent_to_be_archived_is_erased_without_anybodys_doing(
    pos: httpx.AsyncClient, database: Database
) -> None:
    customer = await registered(pos)
    body = a_word("archive", "withdrawn")
    assert (await post(pos, f"/customers/{customer}/consents", body)).status_code == 201
    await work(database)
    assert (await pos.get(f"/customer/v1/customers/{customer}")).status_code == 404
    (event,) = await said(database, CustomerPurged)
    assert event.reason == "consent_withdrawn"


async def test_who_agrees_again_before_that_stays(pos: httpx.AsyncClient, database: Database) -> None:
    customer = await registered(pos)
    for decision in ("withdrawn", "granted"):
        body = a_word("archive", decision)
        await post(pos, f"/customers/{customer}/consents", body)
    await work(database)
    assert (await pos.get(f"/customer/v1/customers/{customer}")).status_code == 200


async def test_whoever_repeats_a_request_about_an_erased_customer_is_told_that_it_is_gone(
    pos: httpx.AsyncClient, database: Database
) -> None:
    first = await register(pos, key="till-1")
    await pos.delete(f"/customer/v1/customers/{first.json()['id']}")
    again = await register(pos, key="till-1")
    assert (again.status_code, again.json()["code"]) == (410, "answer-erased")
    assert NAME not in again.text
