"""Events into facts through the real consumer: once each, whatever the order, and counted the same way."""

import random

import pytest

from services.kpi.facts import repository
from services.kpi.facts.rules.counting import Place, Selection, Sums
from shared import ids
from shared.database import Database
from shared.events.customer import CustomerConsentChanged, CustomerPurged, CustomerUpdated
from shared.events.messaging import SmsAccepted
from tests.kpi.house import MONTH, Tell, a_month, an, at, delivered, facts_in, of, registered

pytestmark = pytest.mark.both_databases

HERE = Place("zizhong", "ZZ01", "ZZ0101")


async def sums(
    database: Database, selection: Selection, months: tuple[str, ...] = (MONTH,)
) -> dict[Place, Sums]:
    async with database.reading() as session:
        return await repository.sums_of(session, selection, months, await repository.settled(session))


async def test_the_same_event_ten_times_is_one_fact(tell: Tell, database: Database) -> None:
    once = (ids.uuid7(), registered("ZZ0101"))
    await tell(*[once] * 5)
    for _ in range(5):
        await tell(once)
    assert [fact.kind for fact in await facts_in(database, "customer_archived")] == ["customer_archived"]


async def test_a_thing_told_by_two_events_is_one_fact(tell: Tell, database: Database) -> None:
    arrived = delivered("ZZ0101")
    accepted = an(
        SmsAccepted,
        **of("ZZ0101"),
        message_id=arrived.message_id,
        customer_id=arrived.customer_id,
        cap_month=MONTH,
        occurred_at=at(5),
    )
    await tell(arrived, accepted)
    await tell(accepted)
    assert len(await facts_in(database, "capped_sms")) == 1


async def test_order_does_not_matter(tell: Tell, database: Database) -> None:
    told = a_month()
    random.Random(7).shuffle(told)
    await tell(*told)
    kinds = ("first_response", "resolution", "intro_sms", "activation")
    found = {kind: await sums(database, Selection(kind, "first")) for kind in kinds}
    assert found["intro_sms"][HERE] == Sums(1, 1, 0, 1)
    assert found["activation"][HERE].amount_fen == 1050
    assert found["first_response"][HERE] == Sums(1, 2, 0, 2)


async def test_only_the_latest_state_of_a_customer_counts(tell: Tell, database: Database) -> None:
    customer = registered("ZZ0101", day=2)
    moved = an(
        CustomerUpdated,
        **of("ZZ0102"),
        customer_id=customer.customer_id,
        occurred_at=at(9),
        fields_filled=9,
        fields_total=9,
    )
    await tell(moved, customer)
    found = await sums(database, Selection("archive_completeness", "latest", "to_date"))
    assert {place.clerk: (s.numerator, s.denominator) for place, s in found.items()} == {"ZZ0102": (9, 9)}
    assert await sums(database, Selection("archive_completeness", "latest", "to_date"), ("2026-09",)) == {}


async def test_withdrawing_and_leaving_make_an_audience_smaller(tell: Tell, database: Database) -> None:
    first, second, third = (registered("ZZ0101", day=1) for _ in range(3))
    withdrawn = an(
        CustomerConsentChanged,
        **of("ZZ0101"),
        customer_id=first.customer_id,
        purpose="service_sms",
        decision="withdrawn",
        occurred_at=at(5),
    )
    purged = an(CustomerPurged, **of("ZZ0101"), customer_id=second.customer_id, occurred_at=at(6, month=11))
    await tell(first, second, third, withdrawn, purged)
    audience = Selection("service_audience", "latest", "to_date")
    assert (await sums(database, audience))[HERE].numerator == 2
    assert (await sums(database, audience, ("2026-11",)))[HERE].numerator == 1


async def test_a_customer_counts_once_a_period_however_many_messages_came(
    tell: Tell, database: Database
) -> None:
    one = delivered("ZZ0101", message_class="service")
    again = delivered("ZZ0101", message_class="service", customer_id=one.customer_id, day=20)
    await tell(one, again, delivered("ZZ0101", message_class="service"))
    assert (await sums(database, Selection("service_sms", "once")))[HERE].numerator == 2


async def test_only_messages_beyond_the_allowance_are_breaches(tell: Tell, database: Database) -> None:
    customer = ids.uuid7()
    await tell(
        *(delivered("ZZ0101", customer_id=customer, day=day) for day in (1, 2, 3, 4)), delivered("ZZ0101")
    )
    assert (await sums(database, Selection("capped_sms", "beyond", allowance=2)))[HERE].numerator == 2


async def test_what_was_first_counted_in_one_month_is_not_counted_in_the_next(
    tell: Tell, database: Database
) -> None:
    overdue = registered("ZZ0101", day=28, number_stored_at=at(28))
    later = registered(
        "ZZ0101", customer_id=overdue.customer_id, day=2, month=11, number_stored_at=at(2, month=11)
    )
    await tell(overdue, later)
    stored = Selection("number_stored", "first")
    assert (await sums(database, stored))[HERE].numerator == 1
    assert await sums(database, stored, ("2026-11",)) == {}
    assert (await sums(database, stored, ("2026-10", "2026-11")))[HERE].numerator == 1
