"""Every query of the directory. Whoever asks with an area sees nothing outside it."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.directory.errors import ClerkNotFound, CountyNotFound, HallNotFound
from services.customer.directory.models import Clerk, ClerkPost, County, Hall, HallRevision
from services.customer.directory.rules import Post
from shared.database import insert_rows
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

EVERYWHERE = Area.everything()
RECENT_SECONDS, MOST_RECENT = 2.0, 4096


@dataclass(frozen=True, slots=True)
class Counter:
    """A hall as its counter knows it, and whether the clerk asked about works there."""

    hall: str
    county: str
    registered_name: str
    number: str
    clerk_works_here: bool


_recent: WeakKeyDictionary[sa.Engine, dict[Any, tuple[float, Counter]]] = WeakKeyDictionary()


async def get_counter(session: AsyncSession, hall: str, staff_no: str, area: Area, day: date) -> Counter:
    """The hall and the clerk in one round trip; raises HallNotFound."""
    row = (await session.execute(_counter_query(hall, staff_no, area, day))).one_or_none()
    if row is None:
        raise HallNotFound
    return Counter(row[0], row[1], row[2], row[3], clerk_works_here=row[4] is not None)


async def recent_counter(session: AsyncSession, hall: str, staff_no: str, area: Area, day: date) -> Counter:
    """As it was at most two seconds ago, without asking again: for paths that are hot.

    Nobody is refused by it: whoever does not like the answer asks `get_counter`.
    """
    known = _recent.setdefault(session.get_bind().engine, {})
    asked = hall, staff_no, area, day
    at, counter = known.get(asked, (0.0, None))
    if counter is None or time.monotonic() - at > RECENT_SECONDS:
        if len(known) > MOST_RECENT:
            known.clear()
        counter = await get_counter(session, hall, staff_no, area, day)
        known[asked] = time.monotonic(), counter
    return counter


@lru_cache(maxsize=4096)
def _counter_query(hall: str, staff_no: str, area: Area, day: date) -> sa.Select[Any]:
    """Kept, since the same clerks ask all day and making a statement costs as much as running it."""
    works = sa.and_(col(Clerk.staff_no) == staff_no, col(Clerk.hall) == col(Hall.code), _effective_on(day))
    halls, clerks = Hall.__table__, Clerk.__table__  # type: ignore[attr-defined]
    query = sa.select(
        *(halls.c[n] for n in ("code", "county", "registered_name", "number")), clerks.c.staff_no
    )
    within = area.clause(col(Hall.code), col(Hall.county))
    return query.select_from(halls.outerjoin(clerks, works)).where(col(Hall.code) == hall, within)


async def get_county(
    session: AsyncSession, code: str, area: Area = EVERYWHERE, *, lock: bool = False
) -> County:
    """Halls see their own county too, so a hall's area widens to its county here."""
    county = await county_or_none(session, code, area, lock=lock)
    if county is None:
        raise CountyNotFound
    return county


async def county_or_none(
    session: AsyncSession, code: str, area: Area = EVERYWHERE, *, lock: bool = False
) -> County | None:
    statement = select(County).where(col(County.code) == code, _county_within(area))
    county: County | None = await _one(session, statement, lock=lock)
    return county


async def get_hall(session: AsyncSession, code: str, area: Area = EVERYWHERE, *, lock: bool = False) -> Hall:
    hall = await hall_or_none(session, code, area, lock=lock)
    if hall is None:
        raise HallNotFound
    return hall


async def hall_or_none(
    session: AsyncSession, code: str, area: Area = EVERYWHERE, *, lock: bool = False
) -> Hall | None:
    within = area.clause(col(Hall.code), col(Hall.county))
    hall: Hall | None = await _one(session, select(Hall).where(Hall.code == code, within), lock=lock)
    return hall


async def halls_called(session: AsyncSession, area: Area, names: Iterable[str]) -> Sequence[tuple[Hall, str]]:
    """The halls of one of these names, short or registered, each with its county's name."""
    wanted = list(names)
    called = sa.or_(col(Hall.name).in_(wanted), col(Hall.registered_name).in_(wanted))
    query = sa.select(Hall, col(County.name)).join(County, col(County.code) == col(Hall.county))
    rows = await session.execute(query.where(called, area.clause(col(Hall.code), col(Hall.county))))
    return [(row[0], row[1]) for row in rows]


async def get_clerk(
    session: AsyncSession, staff_no: str, area: Area = EVERYWHERE, *, lock: bool = False
) -> Clerk:
    clerk = await clerk_or_none(session, staff_no, area, lock=lock)
    if clerk is None:
        raise ClerkNotFound
    return clerk


async def clerk_or_none(
    session: AsyncSession, staff_no: str, area: Area = EVERYWHERE, *, lock: bool = False
) -> Clerk | None:
    within = area.clause(col(Clerk.hall), col(Clerk.county))
    clerk: Clerk | None = await _one(
        session, select(Clerk).where(Clerk.staff_no == staff_no, within), lock=lock
    )
    return clerk


async def posts_of(session: AsyncSession, staff_no: str) -> Sequence[ClerkPost]:
    """Oldest first."""
    query = select(ClerkPost).where(ClerkPost.staff_no == staff_no).order_by(col(ClerkPost.start))
    return (await session.scalars(query)).all()


async def get_post_on(session: AsyncSession, staff_no: str, day: date, area: Area) -> tuple[Clerk, ClerkPost]:
    """What and where somebody was on that day; visible to those whose area that place lies in."""
    query = sa.select(Clerk, ClerkPost).join(ClerkPost, col(ClerkPost.staff_no) == col(Clerk.staff_no))
    within = area.clause(col(ClerkPost.hall), col(ClerkPost.county))
    row = (await session.execute(query.where(col(Clerk.staff_no) == staff_no, _post_on(day), within))).first()
    if row is None:
        raise ClerkNotFound
    return row[0], row[1]


async def posts_at_hall(session: AsyncSession, hall: str, limit: int) -> Sequence[tuple[ClerkPost, str]]:
    """Who was at the hall from when to when, the latest first, with their names."""
    query = sa.select(ClerkPost, col(Clerk.name)).join(Clerk, col(Clerk.staff_no) == col(ClerkPost.staff_no))
    newest = (col(ClerkPost.start).desc(), col(ClerkPost.staff_no))
    rows = await session.execute(query.where(col(ClerkPost.hall) == hall).order_by(*newest).limit(limit))
    return [(row[0], row[1]) for row in rows]


async def staff_after(session: AsyncSession, hall: str, day: date) -> Sequence[str]:
    """Who has a post at the hall on some day after `day`."""
    later = sa.or_(col(ClerkPost.end).is_(None), col(ClerkPost.end) > day)
    query = sa.select(col(ClerkPost.staff_no)).where(col(ClerkPost.hall) == hall, later).distinct()
    return (await session.scalars(query.order_by(col(ClerkPost.staff_no)))).all()


async def put_posts(
    session: AsyncSession,
    staff_no: str,
    known: Sequence[ClerkPost],
    posts: Sequence[Post],
    new: Iterable[ClerkPost],
) -> None:
    """Bring what is stored in line with `posts`; rows that stay as they were keep who recorded them and when."""
    gone = [row.start for row in known if row.value not in posts]
    mine = col(ClerkPost.staff_no) == staff_no
    await session.execute(sa.delete(ClerkPost).where(mine, col(ClerkPost.start).in_(gone)))
    kept = {row.value for row in known}
    await insert_rows(session, ClerkPost, [row for row in new if row.value not in kept])


async def add_hall_change(session: AsyncSession, change: HallRevision) -> None:
    await insert_rows(session, HallRevision, [change])


async def hall_changes(session: AsyncSession, hall: str, limit: int) -> Sequence[HallRevision]:
    """Newest first."""
    query = select(HallRevision).where(HallRevision.hall == hall).order_by(col(HallRevision.version).desc())
    return (await session.scalars(query.limit(limit))).all()


async def clerks_out_of_post(
    session: AsyncSession, day: date, limit: int
) -> Sequence[tuple[Clerk, ClerkPost]]:
    """Clerks whose row does not say what their post of that day says: a planned move has come."""
    differs = sa.or_(
        *(
            getattr(Clerk, name).is_distinct_from(getattr(ClerkPost, name))
            for name in ("role", "county", "hall")
        )
    )
    query = sa.select(Clerk, ClerkPost).join(ClerkPost, col(ClerkPost.staff_no) == col(Clerk.staff_no))
    rows = await session.execute(
        query.where(_post_on(day), differs).order_by(col(Clerk.staff_no)).limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def counties_page(session: AsyncSession, area: Area, page: PageRequest) -> Page[Any]:
    return await paginate(
        session, select(County).where(_county_within(area)), [(col(County.code), "asc")], page
    )


async def halls_page(
    session: AsyncSession, area: Area, page: PageRequest, *, county: str | None
) -> Page[Any]:
    statement = select(Hall).where(area.clause(col(Hall.code), col(Hall.county)))
    if county is not None:
        statement = statement.where(Hall.county == county)
    return await paginate(session, statement, [(col(Hall.code), "asc")], page)


async def clerks_page(
    session: AsyncSession,
    area: Area,
    page: PageRequest,
    *,
    hall: str | None = None,
    role: str | None = None,
    effective_on: date | None = None,
) -> Page[Any]:
    statement = select(Clerk).where(area.clause(col(Clerk.hall), col(Clerk.county)))
    if hall is not None:
        statement = statement.where(Clerk.hall == hall)
    if role is not None:
        statement = statement.where(Clerk.role == role)
    if effective_on is not None:
        statement = statement.where(_effective_on(effective_on))
    return await paginate(session, statement, [(col(Clerk.staff_no), "asc")], page)


async def clerks_of_hall(session: AsyncSession, hall: str, day: date) -> Sequence[Clerk]:
    """The clerks who work at the hall on that day, by staff number; a hall has tens, not thousands."""
    statement = select(Clerk).where(Clerk.hall == hall, _effective_on(day)).order_by(col(Clerk.staff_no))
    return (await session.execute(statement)).scalars().all()


async def is_in_post(session: AsyncSession, staff_no: str, hall: str, county: str, day: date) -> bool:
    """Whether somebody works at the hall that day, or above it."""
    above = sa.and_(
        col(Clerk.hall).is_(None), sa.or_(col(Clerk.county).is_(None), col(Clerk.county) == county)
    )
    there = sa.or_(col(Clerk.hall) == hall, above)
    query = sa.select(col(Clerk.staff_no)).where(col(Clerk.staff_no) == staff_no, there, _effective_on(day))
    return (await session.execute(query)).first() is not None


async def halls_of_county(session: AsyncSession, county: str, *, lock: bool = False) -> Sequence[Hall]:
    statement = select(Hall).where(Hall.county == county).order_by(col(Hall.code))
    return (await session.execute(statement.with_for_update() if lock else statement)).scalars().all()


async def clerk_names_of_hall(session: AsyncSession, hall: str) -> dict[str, str]:
    """Names by staff number, of those who work there or ever did."""
    query = sa.select(col(Clerk.staff_no), col(Clerk.name)).distinct()
    posted = query.join(ClerkPost, col(ClerkPost.staff_no) == col(Clerk.staff_no))
    rows = await session.execute(posted.where(col(ClerkPost.hall) == hall))
    return {row[0]: row[1] for row in rows}


async def clerk_names(session: AsyncSession, staff_nos: Iterable[str]) -> dict[str, str]:
    """Names by staff number, wherever they work."""
    rows = await session.execute(
        sa.select(col(Clerk.staff_no), col(Clerk.name)).where(col(Clerk.staff_no).in_(list(staff_nos)))
    )
    return {row[0]: row[1] for row in rows}


async def hall_names(session: AsyncSession, codes: Iterable[str]) -> dict[str, str]:
    """Names by code."""
    halls = (await session.scalars(select(Hall).where(col(Hall.code).in_(list(codes))))).all()
    return {hall.code: hall.name for hall in halls}


async def halls_after(session: AsyncSession, code: str, limit: int) -> list[tuple[Hall, str]]:
    """Halls by code, each with the name of its county."""
    joined = sa.select(Hall, col(County.name)).join(County, col(County.code) == col(Hall.county))
    statement = joined.where(col(Hall.code) > code).order_by(col(Hall.code)).limit(limit)
    return [(hall, county_name) for hall, county_name in await session.execute(statement)]


async def clerks_after(session: AsyncSession, staff_no: str, limit: int) -> Sequence[Clerk]:
    statement = select(Clerk).where(Clerk.staff_no > staff_no).order_by(col(Clerk.staff_no)).limit(limit)
    return (await session.execute(statement)).scalars().all()


def _effective_on(day: date) -> sa.ColumnElement[bool]:
    return sa.and_(
        col(Clerk.effective_from) <= day,
        sa.or_(col(Clerk.effective_to).is_(None), col(Clerk.effective_to) >= day),
    )


def _post_on(day: date) -> sa.ColumnElement[bool]:
    still = sa.or_(col(ClerkPost.end).is_(None), col(ClerkPost.end) >= day)
    return sa.and_(col(ClerkPost.start) <= day, still)


def _county_within(area: Area) -> sa.ColumnElement[bool]:
    return Area(county=area.county, nothing=area.nothing).clause(None, col(County.code))


async def _one(session: AsyncSession, statement: Any, *, lock: bool) -> Any:
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
