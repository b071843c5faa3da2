"""The monthly cleaning: rehearsed, confirmed, then done in chunks that a crash cannot spoil."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access_log import usecases as access_log
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.archive import repository as archive
from services.customer.archive.models import Customer
from services.customer.purges import repository, rules
from services.customer.purges.errors import MonthNotBegun
from services.customer.purges.models import BY_THE_CLOCK, Purge
from services.customer.purges.usecases.erasing import CHUNK, erase
from shared import clock, ids
from shared.security.tenancy import Area

KEPT = timedelta(days=90)
UPLOAD_BREAKS_OFF_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class StartPurge:
    """Clean the area of everybody who left by the end of the month, or only say who they are."""

    area: Area
    month: str
    dry_run: bool
    by: str
    role: str


async def start_purge(session: AsyncSession, command: StartPurge, *, now: datetime) -> Purge:
    """Raises MonthNotBegun. Whom it concerns is written down when the work begins."""
    if not rules.may_be_cleaned(command.month, now):
        raise MonthNotBegun
    area = command.area
    purge = Purge(
        id=ids.uuid7(), month=command.month, dry_run=command.dry_run, hall=area.hall, county=area.county,
        created_by=command.by, created_at=now,
    )  # fmt: skip
    session.add(purge)
    if not command.dry_run:
        await access_log.note(session, _look(purge, command.role), now=now)
    return purge


async def cancel_purge(session: AsyncSession, purge_id: UUID, area: Area, *, now: datetime) -> Purge:
    """Waits for the chunk in hand. Raises AlreadyFinished."""
    purge = await repository.get_purge(session, purge_id, area, lock=True)
    purge.cancel(now)
    return purge


async def work_on_purges(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of the oldest cleaning; True while there is more. Effects and outcomes are one transaction."""
    purge = await repository.next_purge(session)
    if purge is None:
        return False
    if purge.status == "queued":
        purge.begin(await repository.collect(session, purge, clock.month_bounds(purge.month)[1]))
    elif not await _clean(session, purge, now):
        purge.complete(now)
    return True


async def prepare_cleaning(session: AsyncSession, *, now: datetime) -> Purge | None:
    """The rehearsal for last month, for the office to confirm; none when nobody left."""
    month = clock.previous_month(clock.month_of(now))
    everywhere = Area.everything()
    if not await repository.count_left(session, everywhere, clock.month_bounds(month)[1]):
        return None
    command = StartPurge(everywhere, month, dry_run=True, by=BY_THE_CLOCK, role=BY_THE_CLOCK)
    return await start_purge(session, command, now=now)


async def forget_old_lists(session: AsyncSession, *, now: datetime) -> bool:
    """Lists are kept 90 days; cleanings stay, they name nobody. True while there is more to forget."""
    return await repository.delete_one_old_list(session, now - KEPT, now - UPLOAD_BREAKS_OFF_AFTER)


async def _clean(session: AsyncSession, purge: Purge, now: datetime) -> bool:
    """Erase the next of them; who is erased already is passed over. False when none is left."""
    rows = await repository.pending_rows(session, purge.id, CHUNK)
    away = Customer.status == "left"
    customers = await archive.locked(session, [row.customer_id for row in rows], away)
    await erase(session, customers, reason="left_network", month=purge.month, now=now)
    erased = {customer.id for customer in customers}
    for row in rows:
        row.status = "erased" if row.customer_id in erased else "skipped"
    return bool(rows)


def _look(purge: Purge, role: str) -> Look:
    place, reason = (purge.hall or "", purge.county or ""), f"{purge.month} 月度离网清理"
    return Look(purge.created_by, role[:20], Action.CLEANED, "purge", purge.id, *place, reason)
