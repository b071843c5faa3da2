"""Somebody leaves the network and is cleaned: gone from every service's pages and bytes, figures where they were."""

from contextlib import suppress

import pytest

from deploy.demo.telling import Answer, StoryBroken
from shared import clock
from tests.journeys.desks import (
    MANAGER,
    OFFICE,
    Desk,
    a_phone,
    a_registration,
    desk,
    open_ticket,
    until,
    until_introduced,
)
from tests.journeys.houses import House
from tests.journeys.searching import places_with

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
NAME, NOTE = "公孙离网", "夜间常关机听评书"


async def test_who_left_is_cleaned_from_every_service_and_figures_stay(house: House) -> None:
    month = clock.previous_month(clock.month_of(clock.now()))
    async with desk(house) as pos, desk(house, MANAGER) as manager, desk(house, OFFICE) as office:
        phone = a_phone()
        customer = await somebody_known_everywhere(pos, office, phone)
        before = await figures(office, month)
        await left_by_list(manager, phone)
        cleaning = {"month": clock.month_of(clock.now()), "dry_run": False}
        assert (await pos.ask("POST", "/customer/v1/purges", json=cleaning)).status_code == 403
        started = await manager.post("/customer/v1/purges", cleaning, expect=202)
        report = await finished(manager, f"/customer/v1/purges/{started['id']}")
        assert (report["status"], report["updated"] >= 1, report["done"]) == (
            "completed",
            True,
            report["total"],
        )
        await gone(pos, customer)
        assert await figures(office, month) == before
        await absent(house)
        back = await pos.register(phone, name="新机主")
        assert back["id"] != customer
        broken = [i for i in (await office.get("/kpi/v1/invariants"))["items"] if not i["ok"]]
        assert "purged-people-absent" not in {item["name"] for item in broken}


async def somebody_known_everywhere(pos: Desk, office: Desk, phone: str) -> str:
    """With an SMS that was delivered, a ticket in their own words, a reply, and a note in the archive."""
    customer = str(
        (await pos.post("/customer/v1/customers", a_registration(phone, NAME, habits_note=NOTE)))["id"]
    )
    await until_introduced(pos, customer)
    ticket = await open_ticket(pos, customer, summary=f"{NAME}来电咨询")
    note = {"text": f"已给{NAME}回电", "clerk": "ZZ0102"}
    await pos.post(f"/complaints/v1/tickets/{ticket['id']}/notes", note)
    await office.post("/simulator/v1/inbound", {"from": phone, "text": "几点开门"}, expect=202)

    async def enquired() -> bool | None:
        page = await pos.get("/complaints/v1/tickets", customer_id=customer)
        return len(page["items"]) == 2 or None

    await until("回复成为工单", enquired)
    return customer


async def left_by_list(manager: Desk, phone: str) -> None:
    content = f"手机号码,离网时间\r\n{phone},{clock.business_date(clock.now())}\r\n".encode("gb18030")
    started = await manager.upload("/customer/v1/off-net-lists", "离网.csv", content)
    assert (await finished(manager, f"/customer/v1/off-net-lists/{started['id']}"))["updated"] == 1


async def gone(pos: Desk, customer: str) -> None:
    """The archive has let go at once, the others follow the event."""
    assert (await pos.ask("GET", f"/customer/v1/customers/{customer}")).status_code == 404

    async def forgotten() -> bool | None:
        tickets = (await pos.get("/complaints/v1/tickets", customer_id=customer))["items"]
        wordless = all(NAME not in str(ticket) for ticket in tickets)
        budget = await pos.ask("GET", f"/messaging/v1/customers/{customer}/sms-budget")
        return (wordless and budget.status_code == 404) or None

    await until("各服务都已清除", forgotten)


async def absent(house: House) -> None:
    """Name and note in no byte: tables, answers, outbox, topics, logs. Emptying the logs takes a moment."""

    async def nowhere() -> bool | None:
        return not places_with(house, [NAME, NOTE]) or None

    with suppress(StoryBroken):
        await until("姓名和备注不在任何文件里", nowhere, patience=30)
    assert places_with(house, [NAME, NOTE]) == set()


async def figures(office: Desk, month: str) -> str:
    """What a run of that month adds up to."""
    return str((await office.post("/kpi/v1/runs", {"period": month}))["sha256"])


async def finished(program: Desk, path: str) -> Answer:
    async def look() -> Answer | None:
        job = await program.get(path)
        return job if job["status"] in ("completed", "failed") else None

    return await until(f"{path} 完成", look)
