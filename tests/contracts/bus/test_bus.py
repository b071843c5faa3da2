"""One contract for every bus: what is published is kept in order per key, and a group reads on from its last commit."""

import uuid

from shared.bus.port import Bus, Fetched, Message, Subscription

LIMIT = 100


def a_message(topic: str, key: str, number: int) -> Message:
    return Message(topic, key, {"ce_id": str(number), "ce_type": topic}, f'{{"n":{number}}}'.encode())


async def read(subscription: Subscription, count: int, *, commit: bool = True) -> list[Fetched]:
    found: list[Fetched] = []
    for _ in range(50):
        batch = await subscription.fetch(LIMIT, 0.5)
        found += batch.messages
        if batch.messages and commit:
            await subscription.commit(batch)
        if len(found) >= count:
            return found
    return found


def names() -> tuple[str, str]:
    run = uuid.uuid4().hex[:8]
    return f"group-{run}", f"topic.{run}"


async def test_messages_come_back_whole_and_in_order_per_key(bus: Bus) -> None:
    group, topic = names()
    await bus.ensure_topics([topic])
    sent = [a_message(topic, f"k{n % 7}", n) for n in range(300)]
    await bus.publish(sent[:150])
    await bus.publish(sent[150:])
    subscription = await bus.subscribe(group, [topic])
    found = await read(subscription, 300)
    await subscription.close()
    for key in {m.key for m in sent}:
        assert [(m.headers, m.value) for m in found if m.key == key] == [
            (m.headers, m.value) for m in sent if m.key == key
        ]
    assert len(found) == 300


async def test_a_group_reads_on_from_its_last_commit_after_a_crash(bus: Bus) -> None:
    group, topic = names()
    await bus.ensure_topics([topic])
    await bus.publish([a_message(topic, "k", n) for n in range(3)])
    first = await bus.subscribe(group, [topic])
    assert len(await read(first, 3)) == 3
    await bus.publish([a_message(topic, "k", n) for n in range(3, 6)])
    assert len(await read(first, 3, commit=False)) == 3
    await first.close()
    second = await bus.subscribe(group, [topic])
    assert [m.headers["ce_id"] for m in await read(second, 3)] == ["3", "4", "5"]
    await second.close()


async def test_rewind_gives_the_uncommitted_batch_again(bus: Bus) -> None:
    group, topic = names()
    await bus.ensure_topics([topic])
    await bus.publish([a_message(topic, "k", n) for n in range(3)])
    subscription = await bus.subscribe(group, [topic])
    await read(subscription, 3)
    await bus.publish([a_message(topic, "k", n) for n in range(3, 5)])
    before = await read(subscription, 2, commit=False)
    await subscription.rewind()
    assert [m.offset for m in await read(subscription, 2)] == [m.offset for m in before]
    await subscription.close()


async def test_a_batch_fetched_ahead_stays_uncommitted_with_the_one_before(bus: Bus) -> None:
    group, topic = names()
    await bus.ensure_topics([topic])
    subscription = await bus.subscribe(group, [topic])
    await bus.publish([a_message(topic, "k", 0)])
    ahead, messages = [], 0
    while messages < 1:
        ahead.append(await subscription.fetch(LIMIT, 0.5))
        messages += len(ahead[-1].messages)
    await bus.publish([a_message(topic, "k", 1)])
    while messages < 2:
        messages += len((await subscription.fetch(LIMIT, 0.5)).messages)
    await subscription.commit(ahead[-1])
    await subscription.rewind()
    assert [m.headers["ce_id"] for m in await read(subscription, 1)] == ["1"]
    await subscription.close()


async def test_groups_do_not_take_from_each_other(bus: Bus) -> None:
    group, topic = names()
    await bus.ensure_topics([topic])
    await bus.publish([a_message(topic, "k", n) for n in range(5)])
    for name in (group, f"{group}-other"):
        subscription = await bus.subscribe(name, [topic])
        assert len(await read(subscription, 5)) == 5
        await subscription.close()


async def test_a_topic_a_group_starts_to_hear_later_is_read_from_its_beginning(bus: Bus) -> None:
    group, topic = names()
    later = f"{topic}.later"
    await bus.ensure_topics([topic, later])
    await bus.publish([a_message(topic, "k", 1), a_message(later, "k", 2)])
    first = await bus.subscribe(group, [topic])
    await read(first, 1)
    await first.close()
    second = await bus.subscribe(group, [topic, later])
    assert [m.topic for m in await read(second, 1)] == [later]
    await second.close()


async def test_lag_counts_what_is_not_read_yet(bus: Bus) -> None:
    group, topic = names()
    await bus.ensure_topics([topic])
    subscription = await bus.subscribe(group, [topic])
    await bus.publish([a_message(topic, "k", n) for n in range(4)])
    await read(subscription, 4)
    assert await subscription.lag() == 0
    await subscription.close()


async def test_a_healthy_bus_says_so(bus: Bus) -> None:
    assert await bus.check()
