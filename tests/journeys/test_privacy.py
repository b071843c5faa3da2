"""Who did not agree leaves no trace; whoever did leaves a name in the customer service and a clear number nowhere."""

from typing import Any

import pytest

from deploy.demo import sheets
from deploy.demo.organisation import STORY_HALL
from deploy.demo.telling import Answer
from shared import clock
from tests.journeys.desks import (
    MANAGER,
    OFFICE,
    Desk,
    a_phone,
    a_registration,
    a_ticket,
    desk,
    messages_of,
    open_ticket,
    until,
    until_introduced,
)
from tests.journeys.houses import House
from tests.journeys.searching import CUSTOMERS_OWN, places_with

pytestmark = [pytest.mark.journey, pytest.mark.timeout(200)]


async def test_who_does_not_agree_is_refused_and_leaves_no_trace(house: House) -> None:
    phone, name = a_phone(), "欧阳不允"
    body = a_registration(phone, name) | {"consents": {"archive": False, "service_sms": True}}
    async with desk(house) as pos:
        answers = [
            await pos.ask("POST", "/customer/v1/customers", json=body),
            await pos.ask("PUT", f"/customer/v1/customers/by-external-id/till/{phone[:6]}", json=body),
            await pos.ask(
                "POST", "/customer/v1/customers", json=body | {"phone": f"{phone}0", "consents": {}}
            ),
        ]
        await pos.register(a_phone())
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert not any(phone in answer.text or name in answer.text for answer in answers)
    assert places_with(house, [phone, name]) == set()


async def test_clear_numbers_stand_nowhere_and_names_only_with_the_customer_service(house: House) -> None:
    phones, names = [a_phone() for _ in range(9)], ["司马查无", "诸葛导入", "上官改名"]
    async with desk(house) as pos, desk(house, OFFICE) as office, desk(house, MANAGER) as manager:
        customer = (await pos.register(phones[0], name=names[0]))["id"]
        await until_introduced(pos, customer)
        await look_up_and_reveal(pos, manager, customer, phones)
        await import_sheet(pos, phones[2:5], names[1])
        await import_orders(office, [*phones[:2], phones[5]])
        await complain(pos, manager, customer, phones, names[0])
        await write_back(office, phones[:2])
        await correct(pos, customer, phones[6], names[2])
        await pos.ask("GET", f"/customer/v1/customers/{phones[7]}")
        await pos.ask("GET", "/customer/v1/customers", params={"q": names[0], "phone": phones[7]})
        await pos.ask("POST", "/customer/v1/customers", json={"phone": phones[7], "nonsense": names[0]})
        by_number = a_registration(phones[7], names[0])
        refused = await pos.ask(
            "PUT", f"/customer/v1/customers/by-external-id/till/{phones[7]}", json=by_number
        )
        assert refused.status_code == 422
        await pos.ask("POST", "/customer/v1/customers", content=f'{{"phone": "{phones[8]}", ')
        await pos.ask(
            "GET", "/customer/v1/codes", headers={"X-Request-Id": phones[8], "User-Agent": phones[8]}
        )
    spaced = [f"{p[:3]} {p[3:7]} {p[7:]}" for p in phones] + [f"{p[:3]}-{p[3:7]}-{p[7:]}" for p in phones]
    assert places_with(house, [*phones, *spaced]) == set()
    assert places_with(house, names, but=CUSTOMERS_OWN) == set()


async def look_up_and_reveal(pos: Desk, manager: Desk, customer: str, phones: list[str]) -> None:
    found = await pos.post("/customer/v1/customers/lookup", {"phone": phones[0]}, expect=200)
    assert found["id"] == customer
    await pos.post("/customer/v1/customers/lookup", {"phone": phones[1]}, expect=404)
    await pos.post("/customer/v1/customers", a_registration(f"+86 {phones[0]}"), expect=409)
    reason = {"reason": f"回访，客户说他的号码是{phones[0]}"}
    revealed = await manager.post(f"/customer/v1/customers/{customer}/phone-reveals", reason)
    assert revealed["phone"] == f"+86{phones[0]}"


async def import_sheet(pos: Desk, phones: list[str], name: str) -> None:
    """Two good rows and a doubled one, whose report must not repeat the number."""
    rows = [sheets.Row(phone, name) for phone in (*phones, phones[0])]
    fields = {"mode": "create", "evidence_kind": "signature", "evidence_reference": f"纸质档案{phones[0]}"}
    content = sheets.archive(rows, bad=1)
    started = await pos.upload("/customer/v1/imports", f"档案{phones[1]}.xlsx", content, **fields)
    await finished(pos, f"/customer/v1/imports/{started['id']}")
    await pos.text(f"/customer/v1/imports/{started['id']}/rejected")


async def import_orders(office: Desk, phones: list[str]) -> None:
    run = f"{clock.now():%H%M%S%f}"
    content = sheets.work_orders(phones, run, clock.now()).replace(
        "客户来电反映".encode(), f"请回电{phones[2]}".encode()
    )
    started = await office.upload("/complaints/v1/work-orders/imports", f"{phones[0]}.csv", content)
    await finished(office, f"/complaints/v1/work-orders/imports/{started['id']}")


async def complain(pos: Desk, manager: Desk, customer: str, phones: list[str], name: str) -> None:
    """Numbers in free text, and one who is nobody's customer."""
    said = f"他让我们打{phones[1][:3]} {phones[1][3:7]} {phones[1][7:]}"
    ticket = await open_ticket(pos, customer, summary=f"来电{phones[0]}，{said}")
    path = f"/complaints/v1/tickets/{ticket['id']}"
    await pos.post(f"{path}/notes", {"text": f"联系电话 {phones[3]}", "clerk": "ZZ0102"})
    stranger = a_ticket(customer, summary="过路人", phone=phones[8]) | {"customer_id": None}
    assert phones[8] not in str(await pos.post("/complaints/v1/tickets", stranger))
    await manager.text("/complaints/v1/tickets/export", hall=STORY_HALL)


async def write_back(office: Desk, phones: list[str]) -> None:
    """A customer and a stranger answer by SMS."""
    for phone in phones:
        await office.post("/simulator/v1/inbound", {"from": phone, "text": "知道了"}, expect=202)


async def correct(pos: Desk, customer: str, phone: str, name: str) -> None:
    card = await pos.ask("GET", f"/customer/v1/customers/{customer}")
    change: dict[str, Any] = {"phone": phone, "name": name}
    changed = await pos.ask(
        "PATCH", f"/customer/v1/customers/{customer}", json=change, headers={"If-Match": card.headers["etag"]}
    )
    assert changed.status_code == 200, changed.text
    assert await messages_of(pos, customer)


async def finished(program: Desk, path: str) -> Answer:
    async def look() -> Answer | None:
        job = await program.get(path)
        return job if job["status"] in ("completed", "failed") else None

    return await until(f"{path} 完成", look)
