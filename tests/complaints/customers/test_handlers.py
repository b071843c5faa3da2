"""The archive's copy under every order of its topics."""

import itertools

import pytest

from services.complaints.customers import repository
from shared.database import Database
from shared.events.customer import CustomerLeftNetwork, CustomerReassigned, CustomerTierChanged
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from tests.complaints.house import HERE, PHONE, Tell, a_customer, an

EVERYWHERE = Area.everything()


async def test_topics_in_any_order_give_the_same_customer(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    for number, order in enumerate(itertools.permutations(range(3))):
        customer = a_customer(phones, f"1390000{number:04d}", tier="C")
        place = {"customer_id": customer.customer_id, "hall": "ZZ02", "county": "zizhong", "clerk": "ZZ0201"}
        story = [
            customer,
            an(
                CustomerReassigned,
                **place,
                version=2,
                from_hall="ZZ01",
                from_county="zizhong",
                from_clerk="ZZ0101",
            ),
            an(CustomerTierChanged, **place, version=3, from_tier="C", to_tier="A"),
        ]
        for step in order:
            await tell(story[step])
        async with database.reading() as session:
            known = await repository.get_customer(session, customer.customer_id, EVERYWHERE)
        assert (known.hall, known.clerk, known.tier) == ("ZZ02", "ZZ0201", "A")


@pytest.mark.both_databases
async def test_a_number_that_left_is_nobodys_and_then_its_new_owners(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    old, index = a_customer(phones), phones.index(PHONE)
    await tell(an(CustomerLeftNetwork, customer_id=old.customer_id, version=2))
    await tell(old)
    async with database.reading() as session:
        assert await repository.by_phone(session, index, EVERYWHERE) is None
    new = a_customer(phones)
    await tell(new)
    async with database.reading() as session:
        known = await repository.by_phone(session, index, HERE)
    assert known is not None
    assert known.id == new.customer_id


async def test_another_area_finds_nobody(database: Database, tell: Tell, phones: PhoneBook) -> None:
    customer = a_customer(phones, clerk="WY0101")
    await tell(customer)
    async with database.reading() as session:
        assert await repository.customer_or_none(session, customer.customer_id, HERE) is None
        assert await repository.by_phone(session, customer.phone_index, HERE) is None
