"""Queries of the directory's copy."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.directory.errors import ClerkUnknown, HallNotFound
from services.complaints.directory.models import Clerk, Hall
from shared.database import upsert
from shared.errors import FieldError
from shared.security.tenancy import Area


async def keep_halls(session: AsyncSession, halls: Iterable[Hall]) -> None:
    await upsert(session, Hall, halls, key=["code"], newer_by="version")


async def keep_clerks(session: AsyncSession, clerks: Iterable[Clerk]) -> None:
    await upsert(session, Clerk, clerks, key=["staff_no"], newer_by="version")


async def get_hall(session: AsyncSession, code: str, area: Area) -> Hall:
    """The hall inside the area; raises HallNotFound."""
    inside = area.clause(col(Hall.code), col(Hall.county))
    hall = (await session.scalars(select(Hall).where(col(Hall.code) == code, inside))).one_or_none()
    if hall is None:
        raise HallNotFound
    return hall


async def all_halls(session: AsyncSession) -> Sequence[Hall]:
    """Every hall: a prefecture has dozens."""
    return (await session.scalars(select(Hall).order_by(col(Hall.code)))).all()


async def get_serving_clerk(session: AsyncSession, staff_no: str, hall: str, county: str, day: date) -> Clerk:
    """The clerk who may handle that hall's tickets on that day; raises ClerkUnknown."""
    clerk = await session.get(Clerk, staff_no)
    if clerk is None or not clerk.serves(hall, county, day):
        detail = ClerkUnknown.detail.format(clerk=staff_no)
        raise ClerkUnknown(clerk=staff_no, errors=[FieldError("/handler", ClerkUnknown.code, detail)])
    return clerk
