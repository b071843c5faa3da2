"""Whatever happens in whatever order, nobody gets more than the cap: two checkers, neither of which looks at slots."""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.messaging.audience import usecases as audience
from services.messaging.dispatch import usecases as dispatch
from services.messaging.dispatch.ports import Submitted
from services.messaging.dispatch.usecases import ClaimMessages, Result
from services.messaging.messages.models import Message
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.planning.usecases.recheck import recheck_customers, release_held
from services.messaging.proofs.usecases import prove_cap
from shared import clock
from shared.database import Database
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from tests.messaging import people

EVE = datetime(2026, 1, 31, 23, 50, tzinfo=clock.SHANGHAI)
"""Ten minutes before the next month."""
PARAMS = {"service": {"content": "雨"}, "holiday": {"festival": "春节", "wish": "安康"}}
CAP = 2

STEPS = st.one_of(
    st.tuples(st.just("plan"), st.sampled_from(["service", "holiday"])),
    st.tuples(st.just("plan"), st.sampled_from(["service", "holiday"])),
    st.tuples(st.just("dispatch"), st.sampled_from(["accepted", "unknown", "rejected", "not-sent"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 7, 60, 60 * 24 * 20])),
    st.tuples(st.just("consent"), st.booleans()),
    st.tuples(st.just("release"), st.none()),
)


class Phone:
    """The gateway's side: what it was handed, by customer and month of submission."""

    def __init__(self) -> None:
        self.had: Counter[tuple[UUID | None, str]] = Counter()

    def take(self, message: Message, said: str) -> None:
        if said in ("accepted", "unknown"):
            assert message.submitted_at is not None
            self.had[message.customer_id, clock.month_of(message.submitted_at)] += 1


class Story:
    """One customer's life at this service, at a clock of its own."""

    def __init__(self, database: Database, customer: UUID, phone: Phone) -> None:
        self.database, self.customer, self.phone = database, customer, phone
        self.now, self.version = EVE, 1

    async def plan(self, message_class: str) -> None:
        intent = Intent(
            message_class,
            message_class,
            f"t:{uuid4()}",
            customer_id=self.customer,
            params=PARAMS[message_class],
        )
        async with self.database.transaction() as session:
            await plan_messages(session, [intent], now=self.now)

    async def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    async def release(self, _nothing: None) -> None:
        async with self.database.transaction() as session:
            await release_held(session, now=self.now, limit=100)

    async def consent(self, granted: bool) -> None:
        self.version += 1
        words = [
            people.a_consent_change(
                self.customer, "granted" if granted else "withdrawn", purpose=purpose, version=self.version
            )
            for purpose in ("service_sms", "holiday_sms")
        ]
        async with self.database.transaction() as session:
            await audience.follow_consents(session, words)
            await recheck_customers(session, [self.customer], now=self.now)

    async def dispatch(self, said: str) -> None:
        """Claim, hand over and record, as the dispatcher does; a rejection proves that nothing was sent."""
        token = uuid4()
        command = ClaimMessages("simulator", token, timedelta(minutes=5), 5, None)
        async with self.database.transaction() as session:
            claimed = await dispatch.claim_messages(session, command, now=self.now)
        for message in claimed:
            self.phone.take(message, said)
        results = [Result(m.id, m.attempts, Submitted(said, code="t"), self.now) for m in claimed]  # type: ignore[arg-type]
        async with self.database.transaction() as session:
            await dispatch.record_results(session, "simulator", token, results, now=self.now)


@pytest.mark.both_databases
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=4, max_size=30))
async def test_no_interleaving_of_planning_releasing_sending_and_consents_breaks_the_cap(
    database: Database, phones: PhoneBook, steps: list[tuple[str, object]]
) -> None:
    phone, customer = Phone(), people.a_customer(phones, phone=f"13{uuid4().int % 10**9:09d}")
    async with database.transaction() as session:
        await audience.follow_halls(session, [people.a_hall()])
        await audience.follow_snapshots(session, [customer])
        await session.execute(sa.update(Message).values(status="cancelled"))  # of the story before
    story = Story(database, customer.customer_id, phone)
    for name, value in steps:
        await getattr(story, name)(value)
    assert all(count <= CAP for count in phone.had.values()), phone.had
    async with database.reading() as session:
        for month in {month for _customer, month in phone.had}:
            proof = await prove_cap(session, month, Area.everything())
            assert proof.violations == ()
