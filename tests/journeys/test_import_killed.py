"""A long import whose house is killed in the middle ends with the counts of one that ran through."""

import csv
import io
from typing import Any

import pytest

from deploy.demo import sheets
from deploy.demo.organisation import STORY_CLERK
from tests.journeys.desks import Desk, desk, until
from tests.journeys.houses import EmbeddedHouse

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300), pytest.mark.xdist_group("embedded")]

LINES, WITHOUT_CONSENT, DOUBLE = 4000, 50, 100
COUNTS = ("total", "done", "created", "updated", "unchanged", "rejected")


def a_sheet() -> bytes:
    """Every 80th line did not agree, every 40th of the others repeats the first number."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(sheets.COLUMNS)
    for number in range(LINES):
        phone = f"136{number:08d}" if number % 40 != 1 else f"136{0:08d}"
        agreed = "否" if number % 80 == 7 else "是"
        cells: list[Any] = [
            STORY_CLERK,
            phone,
            "李锐",
            2,
            2,
            "男",
            1,
            "4",
            "4",
            0,
            "",
            "",
            "2026.6.24",
            agreed,
        ]
        writer.writerow([*cells, "否", "否", "否"])
    return text.getvalue().encode("utf-8-sig")


async def test_an_import_killed_in_the_middle_ends_with_the_counts_of_a_clean_run(
    embedded_house: EmbeddedHouse,
) -> None:
    async with desk(embedded_house) as pos:
        path = (await start(pos))["path"]
        halfway = await until("导入已做了一部分", lambda: partly_done(pos, path))
        embedded_house.kill()
        embedded_house.start()
        again = await pos.get(path)
        assert halfway["done"] <= again["done"] <= LINES
        job = await until("导入完成", lambda: completed(pos, path), patience=120)
    rejected = WITHOUT_CONSENT + DOUBLE
    assert tuple(job[name] for name in COUNTS) == (LINES, LINES, LINES - rejected, 0, 0, rejected)


async def start(pos: Desk) -> dict[str, str]:
    fields = {"mode": "create", "evidence_kind": "signature", "evidence_reference": "纸质"}
    job = await pos.upload("/customer/v1/imports", "档案.csv", a_sheet(), **fields)
    return {"path": f"/customer/v1/imports/{job['id']}"}


async def partly_done(pos: Desk, path: str) -> dict[str, Any] | None:
    job = await pos.get(path)
    assert job["done"] < LINES, "too quick to be killed in the middle: make the sheet longer"
    return job if job["done"] > WITHOUT_CONSENT else None


async def completed(pos: Desk, path: str) -> dict[str, Any] | None:
    job = await pos.get(path)
    return job if job["status"] == "completed" else None
