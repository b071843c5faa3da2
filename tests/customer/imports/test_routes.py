"""A sheet comes in over HTTP, is worked through as the worker does it, and is told about line by line."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pytest
from sqlmodel import select

from services.customer.access_log.models import AccessLogEntry
from services.customer.archive.models import Customer
from services.customer.consent.models import Consent
from services.customer.directory.usecases import LoadDirectory, load_directory
from services.customer.imports import usecases
from services.customer.imports.models import ImportJob, ImportRow
from services.customer.imports.usecases import reports, working
from shared import clock
from shared.database import Database
from shared.events.customer import CustomerConsentChanged, CustomerRegistered, CustomerUpdated
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import register
from tests.customer.imports.sheets import HEADINGS, LEGENDS, a_line, a_sheet, as_csv, as_xlsx
from tests.customer.organisation import ORGANISATION, a_clerk, a_hall

pytestmark = pytest.mark.usefixtures("organisation")
SPECIMEN = Path(__file__).with_name("specimen.xlsx")


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


async def upload(
    client: httpx.AsyncClient, content: bytes, key: str | None = None, **fields: Any
) -> httpx.Response:
    files = {"file": ("档案.xlsx", content)}
    headers = {"Idempotency-Key": key or uuid4().hex}
    return await client.post("/customer/v1/imports", files=files, data=fields, headers=headers)


async def work(database: Database, chunks: int = 1000) -> None:
    """What the worker's job does, chunk by chunk."""
    for _ in range(chunks):
        async with database.transaction() as session:
            if not await usecases.work_on_imports(session, now=clock.now()):
                return


async def imported(
    client: httpx.AsyncClient, database: Database, content: bytes, **fields: Any
) -> dict[str, Any]:
    answer = await upload(client, content, **fields)
    assert answer.status_code == 202, answer.text
    await work(database)
    return dict((await client.get(answer.headers["location"])).json())


async def rows_of(client: httpx.AsyncClient, job: dict[str, Any]) -> list[tuple[int, str, str | None]]:
    rows = (await client.get(f"/customer/v1/imports/{job['id']}/rows?limit=200")).json()["items"]
    return [(row["line"], row["status"], row["code"]) for row in rows]


def shown(line: Sequence[Any]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in line]


def counts(job: dict[str, Any]) -> tuple[int, ...]:
    return tuple(job[name] for name in ("total", "done", "created", "updated", "unchanged", "rejected"))


@pytest.mark.both_databases
async def test_good_lines_are_archived_and_bad_ones_are_told_why(
    pos: httpx.AsyncClient, database: Database
) -> None:
    await register(pos, phone="13908320009", name="老客户")
    lines = [
        a_line("13908320001"),
        a_line(13908320002, name="王芳", brand="神州行", at="2010年6月20日"),
        a_line("１３９０８３２０００１", name="重复"),
        a_line("13908320003", name="未同意", archive="否"),
        a_line("1390832", name="号码错"),
        a_line("13908320009", name="已入档"),
        a_line("13908320004", clerk="外人(XX99)"),
    ]
    job = await imported(
        pos, database, as_xlsx(a_sheet(lines)), evidence_kind="paper", evidence_reference="册-1"
    )
    assert (job["status"], counts(job)) == ("completed", (7, 7, 2, 0, 0, 5))
    assert await rows_of(pos, job) == [
        (4, "created", None),
        (5, "created", None),
        (6, "rejected", "duplicate-in-file"),
        (7, "rejected", "consent-required"),
        (8, "rejected", "invalid-phone"),
        (9, "rejected", "customer-exists"),
        (10, "rejected", "clerk-unknown"),
    ]
    said = [
        e for e in await events_said(database) if isinstance(e, CustomerRegistered) and e.origin == "import"
    ]
    assert sorted(e.brand or "" for e in said) == ["2", "3"]
    assert {(e.granted("service_sms"), e.granted("marketing_sms")) for e in said} == {(True, False)}
    async with database.reading() as session:
        references = await session.scalars(
            select(Consent.evidence_reference).where(Consent.channel == "import")
        )
        assert set(references) == {"册-1"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030", "utf-16"])
async def test_csv_files_are_read_in_the_encodings_halls_use(
    pos: httpx.AsyncClient, database: Database, encoding: str
) -> None:
    job = await imported(pos, database, as_csv(a_sheet([a_line("13908320001", habits="2,3")]), encoding))
    assert counts(job) == (1, 1, 1, 0, 0, 0)
    found = (await pos.post("/customer/v1/customers/lookup", json={"phone": "13908320001"})).json()
    assert (found["name"], found["habits"]) == ("李锐", [2, 3])


async def test_the_columns_may_have_moved(pos: httpx.AsyncClient, database: Database) -> None:
    order = [13, 2, 1, *(n for n in range(17) if n not in (13, 2, 1))]
    line = a_line("13908320001")
    sheet = a_sheet([["1", *(line[n] for n in order)]], headings=["序号", *(HEADINGS[n] for n in order)])
    job = await imported(pos, database, as_xlsx(sheet))
    assert counts(job) == (1, 1, 1, 0, 0, 0)


@pytest.mark.both_databases
async def test_an_upsert_brings_up_to_date_what_differs(pos: httpx.AsyncClient, database: Database) -> None:
    lines = [a_line("13908320001"), a_line("13908320002", name="王芳"), a_line("13908320003", name="陈明")]
    await imported(pos, database, as_xlsx(a_sheet(lines)))
    changed = [
        a_line("13908320001"),
        a_line("13908320002", name="王芳", brand=1, count=7),
        a_line("13908320003", name="陈明", holiday="否", marketing=None),
        a_line("13908320004", name="新客户"),
    ]
    dry = await imported(pos, database, as_xlsx(a_sheet(changed)), mode="upsert", dry_run="true")
    before = len(await events_said(database))
    job = await imported(pos, database, as_xlsx(a_sheet(changed)), mode="upsert")
    assert counts(dry) == counts(job) == (4, 4, 1, 2, 1, 0)
    said = (await events_said(database))[before:]
    assert [type(e) for e in said] == [CustomerRegistered, CustomerUpdated, CustomerConsentChanged]
    again = await imported(pos, database, as_xlsx(a_sheet(changed)), mode="upsert")
    assert counts(again) == (4, 4, 0, 0, 4, 0)


async def test_a_dry_run_changes_nothing(pos: httpx.AsyncClient, database: Database) -> None:
    before = len(await events_said(database))
    job = await imported(pos, database, as_xlsx(a_sheet([a_line(), a_line(name="重复")])), dry_run="true")
    assert (job["dry_run"], counts(job)) == (True, (2, 2, 1, 0, 0, 1))
    assert len(await events_said(database)) == before
    assert (await pos.get("/customer/v1/customers")).json()["items"] == []


@pytest.mark.both_databases
async def test_work_that_was_cut_off_ends_with_the_counts_of_a_clean_run(
    pos: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "CHUNK", 3)
    lines = [a_line(f"1390832{n % 8:04}", name=f"客户{n}") for n in range(12)]
    answer = await upload(pos, as_xlsx(a_sheet(lines)))
    await work(database, chunks=2)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await usecases.work_on_imports(session, now=clock.now())
            raise ZeroDivisionError  # the process dies before the commit
    halfway = (await pos.get(answer.headers["location"])).json()
    assert (halfway["status"], counts(halfway)) == ("working", (12, 6, 6, 0, 0, 0))
    await work(database)
    job = (await pos.get(answer.headers["location"])).json()
    assert (job["status"], counts(job)) == ("completed", (12, 12, 8, 0, 0, 4))
    assert len([e for e in await events_said(database) if isinstance(e, CustomerRegistered)]) == 8


async def test_the_refused_lines_can_be_corrected_and_sent_again(
    pos: httpx.AsyncClient, database: Database
) -> None:
    lines = [
        a_line("1390832000", habits="1;备注：夜间关机"),
        a_line("13908320002", name="未同意", archive=""),
    ]
    job = await imported(pos, database, as_xlsx(a_sheet(lines)))
    answer = await pos.get(f"/customer/v1/imports/{job['id']}/rejected")
    text = answer.content.decode("utf-8-sig")
    headings, first, second = csv.reader(io.StringIO(text))
    assert headings == [*HEADINGS, "原行号", "退回原因"]
    assert (first[1], first[2], first[7], first[-2]) == ("1390832000", "李锐", "1;备注：夜间关机", "4")
    assert "11 位数字" in first[-1]
    assert ("".join(second[:-2]), second[-2]) == ("", "5")
    corrected = text.replace("1390832000,", "13908320001,").encode("utf-8-sig")
    assert counts(await imported(pos, database, corrected)) == (1, 1, 1, 0, 0, 0)
    async with database.reading() as session:
        (entry,) = (await session.scalars(select(AccessLogEntry))).all()
    assert (entry.action, str(entry.subject_id)) == ("rejected-rows-fetched", job["id"])


async def test_numbers_are_on_no_disk_in_clear_and_who_did_not_agree_on_none_at_all(
    pos: httpx.AsyncClient, database: Database, runtime: Runtime, tmp_path: Path
) -> None:
    lines = [
        a_line("13908320001"),
        a_line("13908320002", name="欧阳留痕", archive="否"),
        a_line("1390832777x", name="号码错"),
    ]
    lines += [a_line(f"1380832{n:04}", name="批量") for n in range(40)]
    await imported(pos, database, as_csv(a_sheet(lines)))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for trace in (
        "13908320001",
        "13908320002",
        "1390832777",
        "欧阳留痕",
        runtime.phones.index("13908320002"),
    ):
        assert trace.encode() not in kept
    async with database.reading() as session:
        rows = (await session.scalars(select(ImportRow).where(ImportRow.status == "created"))).all()
    assert {(row.phone_enc, row.cells) for row in rows} == {(None, None)}


async def test_the_same_upload_again_is_the_same_import(pos: httpx.AsyncClient, database: Database) -> None:
    content = as_xlsx(a_sheet([a_line()]))
    first, again = await upload(pos, content, "key-1"), await upload(pos, content, "key-1")
    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await upload(pos, as_xlsx(a_sheet([a_line("13908320002")])), "key-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    async with database.reading() as session:
        jobs = (await session.scalars(select(ImportJob.status))).all()
    assert sorted(jobs) in (["queued"], ["queued", "receiving"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-unreadable"),
        (b"PK\x03\x04 this is no workbook", "file-unreadable"),
        ("姓名,电话\n李锐,13908320001\n".encode(), "sheet-unrecognised"),
        (as_csv([["手机号码", "客户姓名"], ["13908320001", "李锐"]]), "consent-column-missing"),
        (as_csv(a_sheet([a_line()], hall="城南营业厅")), "hall-unrecognised"),
    ],
)
async def test_a_file_that_cannot_be_taken_in_is_refused_whole(
    pos: httpx.AsyncClient, database: Database, content: bytes, code: str
) -> None:
    answer = await upload(pos, content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    async with database.reading() as session:
        assert (await session.scalars(select(ImportJob.id))).all() == []


async def test_a_sheet_that_breaks_off_is_taken_out_again(pos: httpx.AsyncClient, database: Database) -> None:
    broken = as_csv(a_sheet([a_line()])) + b'\r\n"' + b"x" * (2 << 20)
    answer = await upload(pos, broken)
    assert (answer.status_code, answer.json()["code"]) == (422, "file-unreadable")
    async with database.reading() as session:
        assert (await session.scalars(select(ImportRow.line))).all() == []


async def test_the_hall_comes_from_the_form_the_header_or_the_caller(
    caller: Caller, pos: httpx.AsyncClient
) -> None:
    manager = caller("county_manager", county="zizhong")
    assert (await upload(manager, as_csv(a_sheet([a_line()])))).json()["hall"] == "ZZ01"
    assert (await upload(manager, as_csv(a_sheet([a_line()])), hall="ZZ02")).json()["hall"] == "ZZ02"
    assert (await upload(manager, as_csv(a_sheet([a_line()])), hall="WY01")).status_code == 404
    bare = as_csv([HEADINGS, a_line()])
    assert (await upload(pos, bare)).json()["hall"] == "ZZ01"
    assert (await upload(manager, bare)).json()["code"] == "hall-unrecognised"


async def test_another_halls_import_is_not_there(pos: httpx.AsyncClient, caller: Caller) -> None:
    place = (await upload(pos, as_csv(a_sheet([a_line()])))).headers["location"]
    other = caller("hall_manager", hall="ZZ02", county="zizhong")
    for rest in ("", "/rows", "/rejected"):
        assert (await other.get(f"{place}{rest}")).status_code == 404
    assert (await caller("clerk", hall="ZZ01", county="zizhong").get(place)).status_code == 403


async def test_reports_are_forgotten_after_ninety_days(pos: httpx.AsyncClient, database: Database) -> None:
    place = (await upload(pos, as_csv(a_sheet([a_line()])))).headers["location"]
    for days, status in ((89, 200), (91, 404)):
        async with database.transaction() as session:
            now = clock.now() + reports.KEPT * days / 90
            while await usecases.forget_old_imports(session, now=now):
                pass
        assert (await pos.get(place)).status_code == status
    async with database.reading() as session:
        assert (await session.scalars(select(ImportRow.line))).all() == []


@pytest.mark.both_databases
async def test_the_archive_goes_out_in_the_form_it_comes_in(
    pos: httpx.AsyncClient, database: Database
) -> None:
    lines = [
        a_line("13908320001"),
        a_line("13908320002", name="=王芳", gender=None, habits="1;备注：夜间关机", preferences="其他：钓鱼", count=2,
               recommended="推荐GPRS套餐：已办理", services="咨询资费：已解决", at="2010.6.1", service="否"),
    ]  # fmt: skip
    await imported(pos, database, as_csv(a_sheet(lines)))
    answer = await pos.get("/customer/v1/archive.xlsx?hall=ZZ01")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:Q1"]
    got = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert got[0][0] == "内江移动渠道商家顾客管理档案"
    assert (got[1][0], got[1][3]) == ("区县：资中", "营业厅名称：资中大十字营业厅")
    assert tuple(got[2]) == HEADINGS
    masked = [["139********" if n == 1 else cell for n, cell in enumerate(line)] for line in lines]
    masked[1][2] = "'=王芳"
    assert [shown(line) for line in got[3:5]] == [shown(line) for line in masked]
    assert [str(row[0])[:4] for row in got[6:]] == [
        "品牌代号",
        "年龄阶段",
        "消费额度",
        "用机习惯",
        "业务偏好",
    ]
    text = (await pos.get("/customer/v1/archive.csv")).content
    assert text.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert [row[2] for row in table[3:5]] == ["李锐", "'=王芳"]
    assert len(LEGENDS) <= len(table[6:])


async def test_an_export_is_one_halls_and_inside_the_callers_area(
    pos: httpx.AsyncClient, caller: Caller
) -> None:
    assert (await pos.get("/customer/v1/archive.csv?hall=ZZ02")).status_code == 404
    office = caller("regional_office")
    assert (await office.get("/customer/v1/archive.csv")).json()["code"] == "hall-required"
    assert (await office.get("/customer/v1/archive.xlsx?hall=WY01")).status_code == 200


async def test_customers_of_other_halls_stay_with_them(
    pos: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    other = caller("pos", hall="ZZ02", county="zizhong", subject="pos-2")
    await register(other, hall="ZZ02", clerk="ZZ0201")
    job = await imported(pos, database, as_csv(a_sheet([a_line("13908320001", brand=1)])), mode="upsert")
    assert await rows_of(pos, job) == [(4, "rejected", "customer-exists")]
    async with database.reading() as session:
        assert (await session.scalars(select(Customer.brand))).all() == [2]


async def test_the_regimes_own_specimen_is_archived_as_it_stands(
    caller: Caller, database: Database, runtime: Runtime
) -> None:
    directory = LoadDirectory(
        counties=[{"code": "zizhong", "name": "资中"}],
        halls=[
            a_hall(
                "ZZ09", "zizhong", "大十字营业厅", registered_name="资中大十字营业厅", number="0832-5550000"
            )
        ],
        clerks=[a_clerk("1001", "张强", hall="ZZ09"), a_clerk("1002", "刘敏", hall="ZZ09")],
    )
    async with database.transaction() as session:
        await load_directory(session, directory, now=clock.now())
    manager = caller("county_manager", county="zizhong")
    job = await imported(manager, database, SPECIMEN.read_bytes())
    assert (job["hall"], counts(job)) == ("ZZ09", (3, 3, 3, 0, 0, 0))
    exported = (await manager.get("/customer/v1/archive.xlsx?hall=ZZ09")).content
    ours, theirs = (
        [
            [str(cell or "") for cell in row]
            for row in openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True)
        ]
        for file in (io.BytesIO(exported), SPECIMEN)
    )
    for line in theirs[3:6]:
        line[1] = "139********"
    assert ours[0] == theirs[0]
    assert ours[1][:7] == theirs[1][:7]
    assert ours[2:7] == theirs[2:7]


async def test_the_clerk_of_each_line_gets_the_customer_and_never_who_sends_the_sheet(
    caller: Caller, database: Database
) -> None:
    """The column 客户经理 stands for whom the sheet speaks; a correction by import is the importer's in the history."""
    async with database.transaction() as session:
        await load_directory(
            session, replace(ORGANISATION, clerks=[a_clerk("ZZ0102", "李娜")]), now=clock.now()
        )
    manager = caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")
    lines = [
        a_line("13908320001"),
        a_line("13908320002", clerk="李娜"),
        a_line("13908320003", clerk="ZZ0102"),
    ]
    await imported(manager, database, as_xlsx(a_sheet(lines)))
    async with database.reading() as session:
        customers = (await session.scalars(select(Customer))).all()
        entries = (await session.scalars(select(Consent))).all()
    assert sorted((c.clerk, c.archived_by) for c in customers) == [
        ("ZZ0101", "ZZ0101"),
        ("ZZ0102", "ZZ0102"),
        ("ZZ0102", "ZZ0102"),
    ]
    assert {entry.clerk for entry in entries} == {"ZZ0101", "ZZ0102"}
    changed = [a_line("13908320001", brand=1)]
    await imported(manager, database, as_xlsx(a_sheet(changed)), mode="upsert")
    (found,) = (await manager.get("/customer/v1/customers?brand=1")).json()["items"]
    history = (await manager.get(f"/customer/v1/customers/{found['id']}/history")).json()["items"]
    assert (found["clerk"], [change["by"] for change in history]) == ("ZZ0101", ["ZZ0100"])


async def test_what_would_run_in_a_spreadsheet_is_text_on_the_way_out_and_unchanged_on_the_way_back(
    pos: httpx.AsyncClient, database: Database
) -> None:
    hostile = ["=1+1", "+86备注", "@SUM(A1)", "-2"]
    lines = [a_line(f"1390832000{n}", name=name, recommended=name) for n, name in enumerate(hostile)]
    assert counts(await imported(pos, database, as_csv(a_sheet(lines)))) == (4, 4, 4, 0, 0, 0)
    text = (await pos.get("/customer/v1/archive.csv")).content.decode("utf-8-sig")
    shown = [row for row in csv.reader(io.StringIO(text)) if len(row) > 12 and row[1].endswith("****")]
    assert sorted(row[2] for row in shown) == sorted(f"'{name}" for name in hostile)
    again = text.replace("139********", "{}").format(*(f"1370000000{n}" for n in range(4)))
    job = await imported(pos, database, again.encode("utf-8-sig"))
    assert counts(job)[:3] == (4, 4, 4)
    async with database.reading() as session:
        names = (await session.scalars(select(Customer.name))).all()
    assert sorted(names) == sorted(hostile * 2)
