"""The invariants: green for a sound house, and each red when its fault is planted."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.kpi.scoring.models import RunPart, ScoreIndicator
from shared import ids
from shared.database import Database
from shared.events.complaints import ComplaintClosed
from tests.kpi.conftest import Caller
from tests.kpi.house import Tell, a_month, an, at, delivered, of, registered, score, the_house

pytestmark = pytest.mark.both_databases


async def broken(office: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await office.get("/kpi/v1/invariants")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["ok"] == all(item["ok"] for item in body["items"])
    return {item["name"]: item for item in body["items"] if not item["ok"]}


async def test_a_sound_house_is_green(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    await score(office)
    assert await broken(office) == {}


async def test_a_third_message_and_one_without_consent_are_found(tell: Tell, caller: Caller) -> None:
    customer = ids.uuid7()
    await tell(*the_house(), *(delivered("ZZ0101", customer_id=customer, day=day) for day in (1, 2, 3)))
    await tell(delivered("ZZ0102", consent_id=None))
    found = await broken(caller("regional_office"))
    assert set(found) == {"nobody-over-the-sms-cap", "nobody-messaged-without-consent"}
    assert found["nobody-over-the-sms-cap"]["sample"] == [["2026-10", str(customer), "3"]]


async def test_a_complaint_settled_without_a_callback_is_found(tell: Tell, caller: Caller) -> None:
    quiet = {"kind": "complaint", "reason": "settled", "occurred_at": at(9)}
    await tell(*the_house(), an(ComplaintClosed, **of("ZZ0101"), **quiet, called_back_by=None))
    await tell(an(ComplaintClosed, **of("ZZ0101"), **quiet, called_back_by="ZZ0102"))
    found = await broken(caller("regional_office"))
    assert (set(found), found["closed-complaints-called-back"]["count"]) == (
        {"closed-complaints-called-back"},
        1,
    )


async def test_the_page_shows_green_and_red(tell: Tell, caller: Caller) -> None:
    office = caller("regional_office")
    assert "全部相符" in (await office.get("/kpi/invariants")).text
    await tell(*the_house(), delivered("ZZ0102", consent_id=None))
    page = (await office.get("/kpi/invariants")).text
    assert "有不符" in page
    assert page.count("✕ 不符") == 1


async def test_a_hall_nobody_told_us_about_is_found(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), registered("ZZ0101", hall="XX99"))
    assert (await broken(caller("regional_office")))["facts-name-known-halls"]["sample"] == [["XX99"]]


async def test_figures_that_were_tampered_with_are_found(
    tell: Tell, caller: Caller, database: Database
) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    await score(office)
    async with database.transaction() as session:
        part: Any = RunPart
        await session.execute(
            sa.update(RunPart).where(part.hall == "WY01").values(numerator=part.numerator + 1)
        )
        cell: Any = ScoreIndicator
        await session.execute(
            sa.update(ScoreIndicator).where(cell.code == "sales_amount").values(contribution=99)
        )
    found = await broken(office)
    assert set(found) == {"hall-equals-clerks-and-unattributed", "contributions-equal-score"}
