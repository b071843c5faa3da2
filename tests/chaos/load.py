"""Tills that register customers and take down enquiries at a steady pace, and never give up on a request."""

import asyncio
import itertools
import uuid
from collections import Counter
from dataclasses import dataclass, field

import orjson

from deploy.demo.organisation import STORY_HALL
from deploy.demo.telling import Answer
from tests.journeys import commands
from tests.journeys.desks import (
    MANAGER,
    OFFICE,
    Desk,
    a_phone,
    a_ticket,
    desk,
    messages_of,
    open_ticket,
    until,
)
from tests.journeys.facts import Facts
from tests.journeys.houses import House

TILLS = 3
PACE_SECONDS = 0.25
AT_LEAST = 5
PATIENCE = 150


@dataclass
class Load:
    """What the house has said yes to. A request whose answer was lost is sent again with its key, as tills do."""

    house: House
    name: str = field(default_factory=lambda: f"乱{uuid.uuid4().hex[:8]}")
    customers: dict[str, str] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)

    async def progress(self) -> None:
        """Wait until another customer has been registered and heard of, however slow the machine is."""
        before = len(self.tickets)
        async with asyncio.timeout(PATIENCE):
            while len(self.tickets) == before:
                await asyncio.sleep(0.05)

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop`, and in any case until every till has had a few customers."""
        async with asyncio.TaskGroup() as group:
            for _ in range(TILLS):
                group.create_task(self._till(stop))

    async def _till(self, stop: asyncio.Event) -> None:
        async with desk(self.house) as pos:
            for number in itertools.count():
                if stop.is_set() and number >= AT_LEAST:
                    return
                phone = a_phone()
                self.customers[phone] = customer = (await pos.register(phone, name=self.name))["id"]
                self.tickets[customer] = (await self._enquiry(pos, customer, stop))["id"]
                await asyncio.sleep(PACE_SECONDS)

    async def _enquiry(self, pos: Desk, customer: str, stop: asyncio.Event) -> Answer:
        """However long the house does not live long enough to hear of the customer; not much longer than that."""
        while not stop.is_set():
            opened = await pos.post_or_none("/complaints/v1/tickets", a_ticket(customer))
            if opened is not None:
                return opened
            await asyncio.sleep(PACE_SECONDS)
        return await open_ticket(pos, customer, patience=PATIENCE)

    async def reconcile(self) -> None:
        """Everything acknowledged is there once, was heard once, and sent one SMS."""
        async with (
            desk(self.house) as pos,
            desk(self.house, OFFICE) as office,
            desk(self.house, MANAGER) as manager,
        ):
            customers = list(self.customers.values())
            assert customers
            listed = [c["id"] async for c in pos.all("/customer/v1/customers", hall=STORY_HALL, q=self.name)]
            assert sorted(listed) == sorted(customers)
            facts = Facts(office)
            await facts.until_told_once(customers, "customer_archived", patience=PATIENCE)
            await facts.until_told_once(list(self.tickets.values()), "enquiry_opened", patience=PATIENCE)
            introductions = [await self._introduced(pos, customer) for customer in customers]
            for customer, ticket in self.tickets.items():
                theirs = [t["id"] async for t in manager.all("/complaints/v1/tickets", customer_id=customer)]
                assert theirs == [ticket]
            await self._at_the_gateway(office, introductions)
            invariants = await office.get("/kpi/v1/invariants")
            assert [i for i in invariants["items"] if i["name"] in MUST_HOLD and not i["ok"]] == []
        letters = await commands.asked(self.house, "dead-letters", "list")
        assert [letter for letter in letters if letter["key"] in {*customers, *self.tickets.values()}] == []

    async def _introduced(self, pos: Desk, customer: str) -> str:
        """The customer's one introduction, delivered and counted."""

        async def look() -> Answer | None:
            found = await messages_of(pos, customer)
            card = await pos.get(f"/customer/v1/customers/{customer}")
            assert len(found) <= 1
            assert card["sms_count"] <= 1
            there = found and found[0]["status"] == "delivered" and card["sms_count"] == 1
            return found[0] if there else None

        return str((await until("介绍短信已送达并计数", look, patience=PATIENCE))["id"])

    async def _at_the_gateway(self, office: Desk, messages: list[str]) -> None:
        """The gateway was handed each of these once."""
        submissions, since = Counter[str](), 0
        while True:
            page = orjson.loads(await office.text("/simulator/v1/messages", since=since))
            submissions.update({m["id"]: m["submissions"] for m in page["items"]})
            since = page["next"]
            if page["end"]:
                break
        assert {message: submissions[message] for message in messages} == dict.fromkeys(messages, 1)


MUST_HOLD = {
    "nobody-messaged-without-consent",
    "nobody-over-the-sms-cap",
    "same-event-counted-once",
    "facts-name-known-halls",
}
