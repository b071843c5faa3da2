"""Applying what gateways posted."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.dispatch import repository as dispatch
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.dispatch.ports import Connected, Inbound, Receipt, Unreadable
from services.messaging.dispatch.usecases import RECEIPTS
from services.messaging.receipts import repository, usecases
from services.messaging.receipts.models import RECEIPT
from shared import clock, ids
from shared.leases import Lease
from shared.runtime import Runtime
from shared.scheduler import Firing, Job, Loop

CHUNK = 500
LONGEST_NAP = 5.0
A_DAY = timedelta(days=1)
LEASE = timedelta(seconds=12)
"""After which another process takes over the connections of one that died."""


async def apply_waiting_receipts(runtime: Runtime, stop: asyncio.Event) -> None:
    """A batch a transaction, woken by the webhook's commit."""
    bell = runtime.database.bell(RECEIPTS)
    try:
        while not stop.is_set():
            async with runtime.database.reading() as session:
                ready = await repository.has_waiting(session, RECEIPT)
            if not ready:
                await bell.wait(LONGEST_NAP, stop)
                continue
            async with runtime.database.transaction() as session:
                await usecases.apply_receipts(session, now=clock.now(), limit=CHUNK)
    finally:
        bell.close()


async def keep_connections(runtime: Runtime, stop: asyncio.Event) -> None:
    """Hold the connections of gateways that have one, each in one process only, and store what comes in over them."""
    connected = {n: g for n, g in open_gateways(runtime).items() if isinstance(g, Connected)}
    async with asyncio.TaskGroup() as group:
        for name, gateway in connected.items():
            group.create_task(_keep_connection(runtime, name, gateway, stop))


async def _keep_connection(runtime: Runtime, name: str, gateway: Connected, stop: asyncio.Event) -> None:
    lease = Lease(runtime.database, f"gateway:{name}", ids.uuid7(), LEASE)
    while not stop.is_set():
        if await lease.held():
            await _hold(runtime, name, gateway, lease, stop)
        await _pause(stop)
    await lease.release()


async def _hold(runtime: Runtime, name: str, gateway: Connected, lease: Lease, stop: asyncio.Event) -> None:
    """Until `stop`, or until another process has the lease."""

    async def take(receipts: Sequence[Receipt | Unreadable], inbound: Sequence[Inbound | Unreadable]) -> None:
        async with runtime.database.transaction() as session:
            await usecases.store_receipts(session, name, receipts, now=clock.now())
            await usecases.store_inbound(session, name, inbound, runtime.phones, now=clock.now())

    ended = asyncio.Event()
    holding = asyncio.create_task(gateway.hold(take, ended))
    try:
        while not stop.is_set() and not holding.done() and await lease.held():
            await _pause(stop)
    finally:
        ended.set()
        await holding


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LEASE.total_seconds() / 4):
            await stop.wait()


async def match_parked_receipts(session: AsyncSession, firing: Firing) -> None:
    await usecases.match_parked(session, now=firing.now, age=usecases.FRESH)


async def match_old_parked_receipts(session: AsyncSession, firing: Firing) -> None:
    await usecases.match_parked(session, now=firing.now)


async def measure_silence(runtime: Runtime, stop: asyncio.Event) -> None:
    """Feed the gauge of gateways that have gone silent: receipts are awaited and none come."""
    while not stop.is_set():
        now = clock.now()
        async with runtime.database.reading() as session:
            awaited = await dispatch.in_flight_since(session, now - A_DAY)
            came = await repository.last_receipts(session, now - A_DAY)
        for name in open_gateways(runtime):
            since = max((at for at in (awaited.get(name), came.get(name)) if at), default=now)
            silent = (now - since).total_seconds() if name in awaited else 0
            runtime.metrics.receipts_silent_seconds.labels(runtime.service, name).set(max(0, silent))
        await _pause(stop)


async def forget_old_callbacks(session: AsyncSession, firing: Firing) -> None:
    await repository.forget(session, firing.now - usecases.KEEP)


JOBS = [
    Job("match_parked_receipts", match_parked_receipts, every=timedelta(seconds=30)),
    Job("match_old_parked_receipts", match_old_parked_receipts, cron="23 * * * *"),
    Job("forget_old_callbacks", forget_old_callbacks, cron="50 3 * * *"),
]
LOOPS = [
    Loop("receipts", apply_waiting_receipts),
    Loop("connections", keep_connections),
    Loop("silence", measure_silence),
]
