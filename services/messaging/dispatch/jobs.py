"""The network's half of dispatch: submitting what was claimed, and asking gateways about what is unknown."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.config import MessagingSettings
from services.messaging.dispatch import repository, rules, usecases
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.dispatch.models import GatewayLane
from services.messaging.dispatch.ports import Gateway, GatewayAway, Receipt, Submission, Submitted
from services.messaging.dispatch.usecases import KEY_UNKNOWN, RECONCILE, ClaimMessages, Result
from services.messaging.messages import repository as store
from services.messaging.messages.models import Message
from services.messaging.messages.usecases import DISPATCH
from services.messaging.templates.rules import with_secret
from shared import clock, ids
from shared.database import is_unavailable
from shared.phones import KeyUnknown, SealBroken
from shared.runtime import Runtime
from shared.scheduler import Firing, Job, Loop

log = structlog.get_logger(__name__)

BATCH = 200
CHUNK = 100
LONGEST_NAP = 5.0
SIDE_BY_SIDE = 2
"""Batches in work at a time: one is claimed or recorded while another is on its way."""
AFTER_FAILURE = 1.0
RECORDED_WITHIN = timedelta(minutes=2)
"""While the database is away answers are kept so long: one that is not recorded leaves its message unknown."""
ELSEWHERE_NAP = 1.0
"""Seconds between looks whether this process has got a gateway's connection."""
RECONCILE_EVERY = 10.0
KEY_ON_ITS_WAY = timedelta(seconds=30)
SETTLING = timedelta(seconds=10)
"""A gateway is asked about an unknown message no sooner: a request may still be on its way."""


MISSING_AFTER = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(days=7)
"""A receipt is missed after the one and no longer looked for after the other."""


class Watch:
    """One batch's look at its gateway: troubles in a row, or one it says itself, keep the rest from being tried."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self.says_stop = False

    def noted(self, submitted: Submitted) -> Submitted:
        self._in_a_row = self._in_a_row + 1 if usecases.is_failing(submitted) else 0
        asked = submitted.pause is not None or submitted.slow_down is not None
        self.says_stop = self.says_stop or asked or self._in_a_row >= rules.FAILURES_IN_A_ROW
        return submitted


class Dispatcher:
    """Serves one gateway in this process; any number of processes may."""

    def __init__(self, runtime: Runtime, name: str, gateway: Gateway) -> None:
        settings = cast("MessagingSettings", runtime.settings)
        self._runtime, self._name, self._gateway = runtime, name, gateway
        self._settings = settings.gateway_settings()[name]
        self._lease = timedelta(seconds=settings.messaging_lease_seconds)
        self._parallel = asyncio.Semaphore(self._settings.parallel)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve the queue until `stop`; what is in flight then is recorded."""
        await asyncio.gather(*(self._serve(stop) for _ in range(SIDE_BY_SIDE)))

    async def _serve(self, stop: asyncio.Event) -> None:
        """Batch after batch. What fails here must not cut off submissions that are on their way beside it."""
        bell = self._runtime.database.bell(DISPATCH)
        try:
            while not stop.is_set():
                try:
                    if not await self.step():
                        await bell.wait(await self._nap(clock.now()), stop)
                except Exception as error:
                    away = is_unavailable(error)
                    log.log(30 if away else 40, "dispatch.failed", gateway=self._name, exc_info=not away)
                    await bell.wait(AFTER_FAILURE, stop)
        finally:
            bell.close()

    async def step(self) -> int:
        """Claim, commit, submit, record, commit; how many messages were moved."""
        now = clock.now()
        if not self._gateway.at_hand:
            return 0
        async with self._runtime.database.reading() as session:
            lane = await repository.lane_or_none(session, self._name)
            ready = await self._ready_at(session, lane, now)
        if lane is not None and lane.is_open(now):
            return await self._fail_over(now)
        if ready is None or ready > now:
            return 0
        token, limit = ids.uuid7(), rules.PROBE if lane is not None and lane.failures else BATCH
        command = ClaimMessages(self._name, token, self._lease, limit, self._settings.rate)
        async with self._runtime.database.transaction() as session:
            claimed = await usecases.claim_messages(session, command, now=now)
        watch = Watch()
        results = await asyncio.gather(*(self._submit(message, watch) for message in claimed))
        await self._record(token, [r for r in results if isinstance(r, Result)], claimed)
        return len(claimed)

    async def _fail_over(self, now: datetime) -> int:
        async with self._runtime.database.transaction() as session:
            moved = await usecases.fail_over(session, self._name, now=now, limit=BATCH)
        if moved:
            log.warning("gateway.failed_over", gateway=self._name, count=moved)
        return moved

    async def _record(self, token: UUID, results: Sequence[Result], claimed: Sequence[Message]) -> None:
        tried = {result.message_id for result in results}
        untried = [message.id for message in claimed if message.id not in tried]
        if not claimed:
            return
        give_up = clock.now() + RECORDED_WITHIN
        while True:
            try:
                async with self._runtime.database.transaction() as session:
                    now = clock.now()
                    await usecases.record_results(session, self._name, token, results, now=now)
                    if untried:
                        await usecases.put_back_untried(session, token, untried, now=now)
                return
            except Exception as error:
                if not is_unavailable(error) or clock.now() > give_up:
                    raise
                log.warning("dispatch.not_recorded_yet", gateway=self._name, count=len(results))
                await asyncio.sleep(AFTER_FAILURE)

    async def _submit(self, message: Message, watch: "Watch") -> Result | None:
        """None, and nothing sent, when the claim could end before the answer, or the gateway is in trouble."""
        async with self._parallel:
            timeout = timedelta(seconds=self._settings.longest)
            late = message.lease_until is None or clock.now() + timeout >= message.lease_until
            if late or watch.says_stop or self._has_lost_its_turn(message):
                return None
            submitted = watch.noted(await self._hand_over(message))
            return Result(message.id, message.attempts, submitted, clock.now())

    def _has_lost_its_turn(self, message: Message) -> bool:
        """A claim is a turn in the gateway's pace: one that was not used at once would meet the turns of others."""
        turn = message.submitted_at
        return self._settings.rate is not None and turn is not None and clock.now() - turn > rules.TURN

    async def _hand_over(self, message: Message) -> Submitted:
        try:
            to, text = self._opened(message)
        except KeyUnknown:
            return Submitted("not-sent", code=KEY_UNKNOWN, retry_after=KEY_ON_ITS_WAY)
        except SealBroken:
            return Submitted("rejected", code="number-unreadable")
        try:
            return await self._gateway.submit(Submission(message.id, to, text))
        except Exception:
            log.exception("gateway.failed", gateway=self._name, message_id=str(message.id))
            return Submitted("unknown", code="adapter-failed")

    def _opened(self, message: Message) -> tuple[str, str]:
        """The clear number, and the text with its secret word if it has one: they exist here and nowhere else."""
        phones = self._runtime.phones
        secret = phones.open(message.secret_enc) if message.secret_enc else ""
        text = with_secret(message.text, secret) if secret else message.text
        return phones.open(message.phone_enc or ""), text

    async def _ready_at(
        self, session: AsyncSession, lane: GatewayLane | None, now: datetime
    ) -> datetime | None:
        """When the next message may go: its own time, the gateway's pause and its pace."""
        ready = await repository.next_queued_at(session, self._name, now)
        if ready is None or lane is None:
            return ready
        pause, paced = lane.paused_until or now, lane.next_free_at if self._settings.rate else None
        gap = timedelta(seconds=1 / self._settings.rate) if self._settings.rate else timedelta(0)
        return max(ready, pause, paced + gap if paced else now - timedelta(days=1))

    async def _nap(self, now: datetime) -> float:
        if not self._gateway.at_hand:
            return ELSEWHERE_NAP
        async with self._runtime.database.reading() as session:
            lane = await repository.lane_or_none(session, self._name)
            ready = await self._ready_at(session, lane, now)
        seconds = LONGEST_NAP if ready is None else (ready - clock.now()).total_seconds()
        return min(LONGEST_NAP, max(0.02, seconds))


async def dispatch_messages(runtime: Runtime, stop: asyncio.Event) -> None:
    """One dispatcher a gateway, side by side: a slow gateway does not hold up another."""
    gateways = open_gateways(runtime)
    async with asyncio.TaskGroup() as group:
        for name, gateway in gateways.items():
            group.create_task(Dispatcher(runtime, name, gateway).run(stop))


async def reconcile_unknown(runtime: Runtime, stop: asyncio.Event) -> None:
    """Ask the gateways that can be asked about every message whose outcome is unknown."""
    bell = runtime.database.bell(RECONCILE)
    asked = {name: gateway for name, gateway in open_gateways(runtime).items() if gateway.can_be_asked}
    try:
        while not stop.is_set():
            for name, gateway in asked.items():
                await ask_about_unknown(runtime, name, gateway)
                await ask_about_missing(runtime, name, gateway)
            await bell.wait(RECONCILE_EVERY, stop)
            await bell.wait(SETTLING.total_seconds(), stop)
    finally:
        bell.close()


async def ask_about_unknown(runtime: Runtime, name: str, gateway: Gateway) -> None:
    """One round over the unknown messages of a gateway, in chunks; stops when the gateway is away.

    Every answer settles its message, so that a chunk that was asked about does not come again.
    """
    while True:
        async with runtime.database.reading() as session:
            before = clock.now() - SETTLING
            unknown = await repository.unknown_since_before(session, name, before, CHUNK)
        if not unknown:
            return
        try:
            found = await _ask(gateway, unknown)
        except GatewayAway:
            log.warning("gateway.away", gateway=name)
            return
        async with runtime.database.transaction() as session:
            await usecases.settle_unknown(session, name, found, now=clock.now())


async def ask_about_missing(runtime: Runtime, name: str, gateway: Gateway) -> None:
    """Once a day about each message that was taken more than a day ago and not reported on; a chunk each round."""
    now = clock.now()
    taken = (now - GIVEN_UP_AFTER, now - MISSING_AFTER)
    async with runtime.database.reading() as session:
        missing = await repository.without_receipt(session, name, taken, now - MISSING_AFTER, CHUNK)
    if not missing:
        return
    try:
        found = await _ask(gateway, missing)
    except GatewayAway:
        log.warning("gateway.away", gateway=name)
        return
    async with runtime.database.transaction() as session:
        await usecases.settle_missing(session, name, found, now=clock.now())


async def _ask(gateway: Gateway, message_ids: Sequence[UUID]) -> dict[UUID, Receipt | None]:
    return {id_: await gateway.query(id_) for id_ in message_ids}


async def give_up_lost_claims(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.give_up_claims(session, now=firing.now, limit=CHUNK)


async def measure_messages(runtime: Runtime, stop: asyncio.Event) -> None:
    """Feed the gauges of what is unknown and of what no receipt has come for."""
    bell = runtime.database.bell(RECONCILE)
    try:
        while not stop.is_set():
            await _measure(runtime, clock.now())
            await bell.wait(LONGEST_NAP, stop)
    finally:
        bell.close()


async def _measure(runtime: Runtime, now: datetime) -> None:
    metrics, service = runtime.metrics, runtime.service
    async with runtime.database.reading() as session:
        number, since = await store.unknowns(session)
        missing = await repository.missing_receipts(session, now - GIVEN_UP_AFTER, now - MISSING_AFTER)
    metrics.unknown_sms.labels(service).set(number)
    metrics.oldest_unknown_sms_seconds.labels(service).set((now - since).total_seconds() if since else 0)
    metrics.receipts_missing.labels(service).set(missing)


JOBS = [Job("give_up_lost_claims", give_up_lost_claims, every=timedelta(seconds=5))]
LOOPS = [
    Loop("dispatch", dispatch_messages),
    Loop("reconcile", reconcile_unknown),
    Loop("gauges_of_messages", measure_messages),
]
