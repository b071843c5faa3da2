"""argon2id in threads of its own, few at a time: a flood of sign-ins waits in line and the event loop stays free."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from services.customer.config import CustomerSettings
from shared.errors import Unavailable
from shared.settings import Settings

QUEUE_LIMIT = 200
R = TypeVar("R")


class Argon2Hasher:
    """A `SecretHasher`. Raises 503 `Unavailable` when the line is too long to be worth joining."""

    def __init__(self, *, time_cost: int, memory_kib: int, threads: int) -> None:
        self._argon2 = argon2.PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody = self._argon2.hash("nobody has this secret")

    async def hash(self, secret: str) -> str:
        return await self._in_thread(self._argon2.hash, secret)

    async def verify(self, hashed: str | None, secret: str) -> bool:
        """Without a hash the same work is done against nobody's, so that time does not tell who exists."""
        matches = await self._in_thread(self._matches, hashed or self._nobody, secret)
        return matches and hashed is not None

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, hashed: str, secret: str) -> bool:
        try:
            return self._argon2.verify(hashed, secret)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[..., R], *arguments: str) -> R:
        if self._waiting >= QUEUE_LIMIT:
            raise Unavailable(retry_after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._waiting -= 1


def hasher_for(settings: Settings) -> Argon2Hasher:
    """One hasher, and so one line of waiting, per process and settings."""
    own = CustomerSettings.of(settings)
    return _hasher(own.argon2_time_cost, own.argon2_memory_kib, own.argon2_threads)


@lru_cache(maxsize=8)
def _hasher(time_cost: int, memory_kib: int, threads: int) -> Argon2Hasher:
    return Argon2Hasher(time_cost=time_cost, memory_kib=memory_kib, threads=threads)
