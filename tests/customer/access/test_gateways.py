"""argon2id off the event loop: right and wrong secrets, unknown hashes, a line that is too long."""

import asyncio

import pytest

from services.customer.access.gateways import argon2id
from services.customer.access.gateways.argon2id import Argon2Hasher
from shared.errors import Unavailable


@pytest.fixture
def hasher() -> Argon2Hasher:
    return Argon2Hasher(time_cost=1, memory_kib=8, threads=2)


async def test_only_the_secret_itself_matches_its_hash(hasher: Argon2Hasher) -> None:
    hashed = await hasher.hash("清风明月")
    assert hashed.startswith("$argon2id$")
    assert await hasher.verify(hashed, "清风明月")
    assert not await hasher.verify(hashed, "清风")
    assert not await hasher.verify("not a hash", "清风明月")


async def test_without_a_hash_nothing_matches_but_the_work_is_done(hasher: Argon2Hasher) -> None:
    assert not await hasher.verify(None, "nobody has this secret")


async def test_the_loop_stays_free_while_passwords_are_hashed() -> None:
    slow = Argon2Hasher(time_cost=2, memory_kib=19456, threads=1)
    work = asyncio.gather(*(slow.hash(f"secret {number}") for number in range(8)))
    longest, last = 0.0, asyncio.get_running_loop().time()
    while not work.done():
        await asyncio.sleep(0.001)
        now = asyncio.get_running_loop().time()
        longest, last = max(longest, now - last), now
    await work
    slow.close()
    assert longest < 0.2


async def test_a_line_too_long_is_answered_at_once(
    hasher: Argon2Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(argon2id, "QUEUE_LIMIT", 0)
    with pytest.raises(Unavailable):
        await hasher.verify(None, "x")
