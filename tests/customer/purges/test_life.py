"""A customer's life in any order: register, withdraw, move, leave, be cleaned, return. A model knows what is true."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.customer.archive import repository as archive_records
from services.customer.archive import usecases as archive
from services.customer.archive.errors import CustomerExists, CustomerLeft, CustomerNotFound
from services.customer.archive.models import Customer
from services.customer.archive.usecases import ChangeConsent
from services.customer.consent import rules as consent_rules
from services.customer.consent.rules import Decision, Evidence, Purpose
from services.customer.directory import usecases as directory
from services.customer.handovers import usecases as handovers
from services.customer.handovers.errors import SameClerk
from services.customer.handovers.usecases import ReassignCustomer
from services.customer.purges import usecases
from services.customer.purges.usecases import EraseCustomer, MarkLeft, StartPurge
from shared import clock
from shared.database import Database
from shared.events.customer import CustomerLeftNetwork, CustomerPurged, CustomerReassigned, CustomerRegistered
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said
from tests.customer.customers import NAME, a_command
from tests.customer.organisation import ORGANISATION
from tests.engines import databases

T = TypeVar("T")
EVERYWHERE, PHONES = Area.everything(), PhoneBook(KeyRing.generate())
NUMBERS = ("13908320001", "13908320002")
CLERKS = ("ZZ0101", "ZZ0201", "WY0101")
PURPOSES = st.sampled_from(list(Purpose))
SIGNED = Evidence("signature", "S-1")


@dataclass
class Person:
    """What the model knows of one registration."""

    number: str
    clerk: str
    agreed: set[Purpose]
    state: str = "active"
    moves: int = 0
    left: bool = field(default=False)


class Life(RuleBasedStateMachine):
    """Two numbers, whoever holds them, and the house that must remember exactly this."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.people: dict[UUID, Person] = {}

    @initialize()
    def the_house_opens(self) -> None:
        self.database = self.run(self._opened())
        self.run(self._organised())

    async def _opened(self) -> Database:
        return Database(databases.fresh_sqlite("customer", self.folder), "customer")

    async def _organised(self) -> None:
        async with self.database.transaction() as session:
            await directory.load_directory(session, ORGANISATION, now=clock.now())

    @rule(number=st.sampled_from(NUMBERS), purposes=st.sets(PURPOSES))
    def register(self, number: str, purposes: set[Purpose]) -> None:
        agreed = purposes | {Purpose.ARCHIVE}
        answers = {purpose: purpose in agreed for purpose in Purpose}
        command = a_command(PHONES, number, answers=answers, at=clock.now())
        taken = any(p.number == number and p.state == "active" for p in self.people.values())
        registered = self.tried(archive.register_customer, command, refusing=CustomerExists)
        assert (registered is None) == taken
        if registered is not None:
            assert registered.id not in self.people
            self.people[registered.id] = Person(number, "ZZ0101", agreed)

    @precondition(lambda self: self.people)
    @rule(data=st.data(), purpose=PURPOSES)
    def withdraw(self, data: st.DataObject, purpose: Purpose) -> None:
        id_, person = self.somebody(data)
        done = self.tried(
            archive.change_consent, self.word(id_, purpose, Decision.WITHDRAWN), refusing=CustomerNotFound
        )
        assert (done is None) == (person.state == "erased")
        if done is not None:
            person.agreed = set() if purpose is Purpose.ARCHIVE else person.agreed - {purpose}

    @precondition(lambda self: self.people)
    @rule(data=st.data(), purpose=PURPOSES)
    def grant(self, data: st.DataObject, purpose: Purpose) -> None:
        id_, person = self.somebody(data)
        gone = (CustomerNotFound, CustomerLeft)
        done = self.tried(archive.change_consent, self.word(id_, purpose, Decision.GRANTED), refusing=gone)
        assert (done is not None) == (person.state == "active")
        if done is not None and (Purpose.ARCHIVE in person.agreed or purpose is Purpose.ARCHIVE):
            person.agreed = self.granted(id_)
            assert purpose in person.agreed

    @precondition(lambda self: self.people)
    @rule(data=st.data(), clerk=st.sampled_from(CLERKS))
    def move(self, data: st.DataObject, clerk: str) -> None:
        id_, person = self.somebody(data)
        command = ReassignCustomer(EVERYWHERE, id_, clerk, "调岗", "office")
        refusals = (CustomerNotFound, CustomerLeft, SameClerk)
        done = self.tried(handovers.reassign_customer, command, refusing=refusals)
        assert (done is not None) == (person.state == "active" and person.clerk != clerk)
        if done is not None:
            person.clerk, person.moves = clerk, person.moves + 1

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        id_, person = self.somebody(data)
        done = self.tried(
            usecases.mark_left, MarkLeft(EVERYWHERE, id_, clock.now(), "pos"), refusing=CustomerNotFound
        )
        assert (done is None) == (person.state == "erased")
        if person.state == "active":
            person.state, person.left = "left", True

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def ask_to_be_erased(self, data: st.DataObject) -> None:
        id_, person = self.somebody(data)
        self.run(self._erased(EraseCustomer(EVERYWHERE, id_, "ZZ0101", "clerk", "本人要求")))
        person.state = "erased"

    @rule()
    def the_month_is_cleaned(self) -> None:
        month = clock.month_of(clock.now())
        self.tried(
            usecases.start_purge, StartPurge(EVERYWHERE, month, dry_run=False, by="office", role="admin")
        )
        self.run(self._worked(usecases.work_on_purges))
        for person in self.people.values():
            person.state = "erased" if person.state == "left" else person.state

    @rule()
    def who_withdrew_is_erased(self) -> None:
        self.run(self._worked(usecases.erase_who_withdrew))
        for person in self.people.values():
            person.state = "erased" if Purpose.ARCHIVE not in person.agreed else person.state

    @invariant()
    def every_record_is_what_the_model_says(self) -> None:
        rows = self.run(self._rows()) if self.people else {}
        assert rows.keys() == self.people.keys()
        for id_, person in self.people.items():
            row = rows[id_]
            assert (row.status, row.clerk) == (person.state, person.clerk)
            identity = (
                ("", "", "")
                if person.state == "erased"
                else (NAME, PHONES.index(person.number), "139********")
            )
            assert (row.name, row.phone_index, row.phone_masked) == identity

    @invariant()
    def consent_is_what_was_said_last_and_never_anybody_elses(self) -> None:
        for id_, person in self.people.items():
            assert self.granted(id_) == (person.agreed if Purpose.ARCHIVE in person.agreed else set())

    @invariant()
    def each_turn_of_a_life_is_said_once(self) -> None:
        said = self.run(events_said(self.database)) if self.people else []

        def told(kind: type[Any]) -> Counter[UUID]:
            return Counter(event.customer_id for event in said if isinstance(event, kind))

        assert told(CustomerRegistered) == Counter(list(self.people))
        assert told(CustomerLeftNetwork) == Counter(id_ for id_, p in self.people.items() if p.left)
        assert told(CustomerPurged) == Counter(id_ for id_, p in self.people.items() if p.state == "erased")
        assert told(CustomerReassigned) == Counter(
            {id_: p.moves for id_, p in self.people.items() if p.moves}
        )

    def teardown(self) -> None:
        self.run(self.database.close())
        self.runner.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def tried(self, usecase: Any, command: Any, refusing: Any = ()) -> Any:
        """What the use case returned in a transaction of its own, or None when it refused."""
        try:
            return self.run(self._done(usecase, command))
        except refusing:
            return None

    async def _done(self, usecase: Any, command: Any) -> Any:
        async with self.database.transaction() as session:
            return await usecase(session, command, now=clock.now())

    async def _erased(self, command: EraseCustomer) -> None:
        async with self.database.transaction() as session:
            await usecases.erase_customer(
                session, command, unless_stale=lambda _version: None, now=clock.now()
            )

    async def _worked(self, job: Any) -> None:
        more = True
        while more:
            async with self.database.transaction() as session:
                more = await job(session, now=clock.now())

    async def _rows(self) -> dict[UUID, Customer]:
        async with self.database.reading() as session:
            return {row.id: row for row in await session.scalars(sa.select(Customer))}

    def granted(self, id_: UUID) -> set[Purpose]:
        in_force = self.run(self._in_force(id_))
        return {purpose for purpose, yes in consent_rules.granted(in_force.values()).items() if yes}

    async def _in_force(self, id_: UUID) -> Any:
        async with self.database.reading() as session:
            return (await archive_records.consents_of(session, id_))[id_]

    def somebody(self, data: st.DataObject) -> tuple[UUID, Person]:
        id_ = data.draw(st.sampled_from(list(self.people)))
        return id_, self.people[id_]

    def word(self, id_: UUID, purpose: Purpose, decision: Decision) -> ChangeConsent:
        return ChangeConsent(
            EVERYWHERE, id_, purpose, decision, clock.now(), "counter", "ZZ0101", "v1", SIGNED
        )


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
