"""What a purge promises: it survives a kill, leaves nothing of the person in the files, and a return is a beginning."""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.customer.archive import usecases as archive
from services.customer.archive.models import Customer
from services.customer.consent.rules import Purpose
from services.customer.purges import repository, usecases
from services.customer.purges.usecases import StartPurge
from shared import clock
from shared.database import Database
from shared.events.complaints import ComplaintClosed
from shared.events.customer import CustomerPurged, CustomerRegistered
from shared.events.messaging import SmsDelivered
from shared.ledger import OUTBOX
from shared.runtime import Runtime
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said
from tests.customer.archive.test_handlers import a_ticket, an_sms, hear
from tests.customer.conftest import Caller
from tests.customer.customers import NAME, PHONE, a_command, a_customer, post, register
from tests.customer.purges.cleaner import CHUNK, WHOLE
from tests.customer.purges.leavers import a_list, cleaned, taken_in, work

pytestmark = pytest.mark.usefixtures("organisation")
MANY = 60


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


async def many_who_left(runtime: Runtime) -> None:
    """Sixty customers, two thirds of whom have left."""
    commands = [a_command(runtime.phones, f"139083{n:05d}") for n in range(MANY)]
    async with runtime.database.transaction() as session:
        await archive.register_customers(session, commands, county="zizhong", now=clock.now())
        customers = (await session.scalars(sa.select(Customer))).all()
        for customer in customers[: MANY * 2 // 3]:
            customer.leave(clock.now(), reported_by="pos")


async def started(database: Database) -> Any:
    command = StartPurge(
        Area.everything(), clock.month_of(clock.now()), dry_run=False, by="office", role="admin"
    )
    async with database.transaction() as session:
        return (await usecases.start_purge(session, command, now=clock.now())).id


async def killed_midway(url: str) -> int:
    """How many chunks a cleaner of its own had committed when it was killed."""
    cleaner = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.customer.purges.cleaner", url, stdout=asyncio.subprocess.PIPE
    )
    assert cleaner.stdout is not None
    chunks = 0
    while (line := await cleaner.stdout.readline()) != b"midway\n":
        assert line == b"chunk\n", line
        chunks += 1
    cleaner.kill()
    await cleaner.wait()
    return chunks


@pytest.mark.both_databases
async def test_a_purge_resumes_after_a_kill_with_the_counts_of_a_clean_run(runtime: Runtime) -> None:
    await many_who_left(runtime)
    purge_id = await started(runtime.database)
    assert await killed_midway(runtime.database.url) == 1 + WHOLE
    async with runtime.database.reading() as session:
        assert await repository.counts_of(session, purge_id) == {"erased": CHUNK * WHOLE, "pending": 25}
    await work(runtime.database)
    async with runtime.database.reading() as session:
        purge = await repository.get_purge(session, purge_id, Area.everything())
        assert await repository.counts_of(session, purge_id) == {"erased": 40}
        states: Counter[str] = Counter(
            await session.scalars(sa.select(sa.column("status")).select_from(Customer))
        )
    assert (purge.status, purge.total) == ("completed", 40)
    assert states == {"erased": 40, "active": 20}
    said = Counter(
        e.customer_id for e in await events_said(runtime.database) if isinstance(e, CustomerPurged)
    )
    assert (len(said), set(said.values())) == (40, {1})


@pytest.mark.both_databases
async def test_a_number_that_returns_is_a_new_customer_and_needs_fresh_consent(
    pos: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    external = {"source": "till", "id": "7"}
    old = (await register(pos, external_id=external)).json()["id"]
    await taken_in(pos, database, a_list((PHONE, "")))
    await cleaned(caller("regional_office"), database)
    refused = await register(pos, consents={"archive": False, "service_sms": True}, external_id=external)
    assert (refused.status_code, refused.json()["code"]) == (422, "consent-required")
    back = await register(pos, consents={"archive": True}, external_id=external)
    assert back.status_code == 201
    new = back.json()
    assert new["id"] != old
    assert (new["sms_count"], new["version"]) == (0, 1)
    state = (await pos.get(f"/customer/v1/customers/{new['id']}/consents")).json()["state"]
    assert state == {purpose: purpose == Purpose.ARCHIVE for purpose in Purpose}
    registered = [e for e in await events_said(database) if isinstance(e, CustomerRegistered)]
    assert [set(event.consents) for event in registered][-1] == {"archive"}


async def test_a_number_returns_before_the_cleaning_and_its_former_holder_is_cleaned_alone(
    pos: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    await register(pos)
    await taken_in(pos, database, a_list((PHONE, "")))
    back = await register(pos, name="王芳")
    assert back.status_code == 201
    job = await cleaned(caller("regional_office"), database)
    assert job["updated"] == 1
    found = await post(pos, "/customers/lookup", {"phone": PHONE})
    assert (found.json()["id"], found.json()["name"]) == (back.json()["id"], "王芳")


@pytest.mark.both_databases
async def test_late_events_about_the_purged_bring_nobody_back(runtime: Runtime) -> None:
    customer = await a_customer(runtime.database, runtime.phones)
    command = usecases.EraseCustomer(Area.everything(), customer.id, "ZZ0101", "clerk", "本人要求")
    async with runtime.database.transaction() as session:
        await usecases.erase_customer(session, command, unless_stale=lambda _version: None, now=clock.now())
    message = an_sms(SmsDelivered, customer, customer.id)
    await hear(runtime.database, message, a_ticket(ComplaintClosed, customer, 3))
    async with runtime.database.transaction() as session:
        assert await archive.say_customers_again(session, None) is None
        row = (await session.scalars(sa.select(Customer))).one()
    assert (row.status, row.name, row.phone_index, row.sms_count) == ("erased", "", "", 1)


async def test_nothing_of_the_purged_is_in_the_files_of_the_database(
    pos: httpx.AsyncClient, manager: httpx.AsyncClient, runtime: Runtime
) -> None:
    """Not in tables, answers or the log; the sealed number only in the outbox, until the relay has published it."""
    database = runtime.database
    sealed = runtime.phones.seal(PHONE)
    customer = (
        await register(pos, habits_note="夜里关机", external_id={"source": "till", "id": "K-90817"})
    ).json()["id"]
    change = {"name": "李锐敏", "preferences_note": "爱听京剧"}
    await pos.patch(f"/customer/v1/customers/{customer}", json=change, headers={"If-Match": "*"})
    await post(
        pos,
        f"/customers/{customer}/number-stored",
        {"name": "中国移动资中大十字营业厅", "number": "0832-5520000", "at": clock.now().isoformat()},
    )
    await taken_in(pos, database, a_list((PHONE, "昨天"), (PHONE, "")))
    await cleaned(manager, database)
    async with database.transaction() as session:
        await session.execute(sa.delete(OUTBOX))
    await database.scrub()
    path = Path(sa.make_url(database.url).database or "")
    written = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    words = (NAME, "李锐敏", PHONE, sealed.index, "夜里关机", "爱听京剧", "K-90817")
    assert [word for word in words if word.encode() in written] == []


@pytest.fixture
def manager(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong")
