"""Drafting and publishing schemes, setting targets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.indicators import repository as indicators
from services.kpi.periods import repository as periods
from services.kpi.schemes import repository
from services.kpi.schemes.errors import (
    IndicatorUnknown,
    SchemeDraftedMeanwhile,
    SchemeTooLate,
    TargetSubjectUnknown,
    WeightsNotHundred,
)
from services.kpi.schemes.models import Scheme, SchemeItemRow, Target
from services.kpi.schemes.rules import Level, MissingPolicy, SchemeItem, weights_add_up
from services.kpi.staff import repository as staff
from shared import ids
from shared.database import insert_rows, violates
from shared.errors import FieldError
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class DraftScheme:
    """A new version for one level, not yet in force."""

    level: Level
    name: str
    effective_from: str
    missing_policy: MissingPolicy
    minimum_sample: int
    items: Sequence[SchemeItem]
    by: str


@dataclass(frozen=True, slots=True)
class PublishScheme:
    scheme_id: UUID
    by: str


@dataclass(frozen=True, slots=True)
class SetTarget:
    """A plan for one subject, indicator and month."""

    month: str
    level: Level
    subject: str
    indicator: str
    value: Decimal
    by: str
    area: Area


async def draft_scheme(session: AsyncSession, command: DraftScheme, *, now: datetime) -> Scheme:
    """Raises `WeightsNotHundred`, or `IndicatorUnknown` for codes unknown or given twice."""
    if not weights_add_up(item.weight for item in command.items):
        raise WeightsNotHundred(total=str(sum(item.weight for item in command.items)))
    await _check_indicators(session, [item.indicator for item in command.items])
    scheme = Scheme(
        id=ids.uuid7(),
        level=command.level,
        version=await repository.last_version(session, command.level) + 1,
        name=command.name,
        effective_from=command.effective_from,
        missing_policy=command.missing_policy,
        minimum_sample=command.minimum_sample,
        created_at=now,
        created_by=command.by,
    )
    session.add(scheme)
    await _take_version(session)
    await insert_rows(session, SchemeItemRow, repository.rows_of(scheme.id, command.items))
    return scheme


async def publish_scheme(session: AsyncSession, command: PublishScheme, *, now: datetime) -> Scheme:
    """Raises `SchemeTooLate` where it would change what a closed month, or a newer scheme, already rests on."""
    scheme = await repository.get_scheme(session, command.scheme_id, lock=True)
    items = await repository.items_of(session, scheme.id)
    taken = (
        await periods.last_closed_month(session),
        await repository.last_effective_month(session, scheme.level),
    )
    scheme.publish(items[scheme.id], by=command.by, now=now)
    latest = max((month for month in taken if month is not None), default=None)
    if latest is not None and scheme.effective_from <= latest:
        raise SchemeTooLate(month=latest)
    session.add(scheme)
    return scheme


async def set_target(session: AsyncSession, command: SetTarget, *, now: datetime) -> Target:
    """Set or replace. Raises `IndicatorUnknown`, `TargetSubjectUnknown` (also outside the caller's area)."""
    await _check_indicators(session, [command.indicator])
    county, hall = await _place_of(session, command)
    known = await repository.target_of(
        session, command.month, command.level, command.subject, command.indicator
    )
    if known is not None:
        known.replace(command.value, by=command.by, now=now)
        return known
    target = Target(
        id=ids.uuid7(),
        month=command.month,
        level=command.level,
        subject=command.subject,
        indicator=command.indicator,
        county=county,
        hall=hall,
        value=command.value,
        version=1,
        set_by=command.by,
        set_at=now,
    )
    session.add(target)
    return target


async def _take_version(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        if violates(error, Scheme, "uq_schemes_level_version"):
            raise SchemeDraftedMeanwhile from error
        raise


async def _place_of(session: AsyncSession, command: SetTarget) -> tuple[str, str]:
    place = await staff.place_of(session, command.level, command.subject)
    if place is None or not command.area.covers(place[1] or None, place[0] or None):
        raise TargetSubjectUnknown(
            errors=[FieldError("/subject", TargetSubjectUnknown.code, TargetSubjectUnknown.detail)]
        )
    return place


async def _check_indicators(session: AsyncSession, codes: Sequence[str]) -> None:
    twice = [code for code, times in Counter(codes).items() if times > 1]
    wrong = sorted({*twice, *await indicators.unknown_codes(session, codes)})
    if wrong:
        raise IndicatorUnknown(codes="、".join(wrong))
