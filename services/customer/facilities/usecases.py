"""Keeping a hall's list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.directory import repository as directory
from services.customer.facilities import repository
from services.customer.facilities.models import Facility
from shared.errors import VersionCheck
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class ListFacility:
    """A hall has or offers something."""

    area: Area
    hall: str
    content: Mapping[str, Any]
    by: str


async def list_facility(session: AsyncSession, command: ListFacility, *, now: datetime) -> Facility:
    """Raises HallNotFound, FacilityInvalid."""
    hall = await directory.get_hall(session, command.hall, command.area)
    place = {"hall": hall.code, "county": hall.county}
    facility = Facility.listed(place, command.content, by=command.by, now=now)
    session.add(facility)
    return facility


@dataclass(frozen=True, slots=True)
class ReviseFacility:
    """It is different from now on."""

    area: Area
    facility_id: UUID
    changes: Mapping[str, Any]
    by: str


async def revise_facility(
    session: AsyncSession, command: ReviseFacility, *, unless_stale: VersionCheck, now: datetime
) -> Facility:
    """Raises FacilityNotFound, FacilityInvalid."""
    facility = await repository.get_facility(session, command.facility_id, command.area, lock=True)
    unless_stale(facility.version)
    facility.revise(command.changes, by=command.by, now=now)
    return facility
