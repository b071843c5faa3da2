"""The cap against many processes: what peers lose who count first and send then (A2-1)."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from services.messaging.audience import usecases as audience
from services.messaging.proofs.usecases import prove_cap
from shared import clock
from shared.database import Database
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from tests.engines.fixtures import FreshDatabase
from tests.messaging import people
from tests.messaging.shelf import Shelf

PROCESSES, EACH = 8, 25
RACER = Path(__file__).with_name("racer.py")


@pytest.mark.postgresql
async def test_two_hundred_intents_from_eight_processes_become_exactly_two_messages(
    phones: PhoneBook, postgres_url: FreshDatabase
) -> None:
    url = postgres_url("messaging")
    database = Database(url, "messaging")
    customer = people.a_customer(phones)
    async with database.transaction() as session:
        await audience.follow_halls(session, [people.a_hall()])
        await audience.follow_snapshots(session, [customer])
    racers = [start(url, str(customer.customer_id), number) for number in range(PROCESSES)]
    assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["ready\n"] * PROCESSES
    for racer in racers:
        if racer.stdin:
            racer.stdin.write("go\n")
            racer.stdin.flush()
    for racer in racers:
        racer.communicate(timeout=60)
    assert [racer.returncode for racer in racers] == [0] * PROCESSES
    shelf = Shelf(database)
    messages = await shelf.messages()
    assert Counter((m.status, m.reason) for m in messages) == {
        ("queued", None): 2,
        ("suppressed", "cap-reached"): PROCESSES * EACH - 2,
    }
    assert sorted(slot.slot_no for slot in await shelf.slots()) == [1, 2]
    async with database.reading() as session:
        proof = await prove_cap(session, clock.month_of(clock.now()), Area.everything())
    assert proof.violations == ()
    await database.close()


def start(url: str, customer: str, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(RACER), url, customer, f"racer-{number}", str(EACH)]
    here = str(Path.cwd())
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": here}, cwd=here
    )
