"""What can be done to the directory: found, open, appoint, change; load a whole organisation; say it all again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.directory import repository, rules
from services.customer.directory.errors import (
    ClerkExists,
    CountyExists,
    DatesReversed,
    HallExists,
    HallStillStaffed,
    MoveTooEarly,
    NotEmployed,
    PlaceMismatch,
    PlaceUnknown,
)
from services.customer.directory.models import Clerk, ClerkPost, County, Hall, HallRevision
from services.customer.directory.rules import Post
from shared import clock, outbox
from shared.database import insert_new, insert_rows
from shared.errors import FieldError, Forbidden, VersionCheck
from shared.security.tenancy import Area

RESYNC_CHUNK = 500
PLACE = frozenset({"role", "county", "hall"})
EVERYWHERE = Area.everything()


@dataclass(frozen=True, slots=True)
class FoundCounty:
    """Add a county to the organisation."""

    area: Area
    code: str
    name: str


async def found_county(session: AsyncSession, command: FoundCounty, *, now: datetime) -> County:
    if not command.area.covers(None, command.code):
        raise Forbidden
    county = County.found(command.code, command.name, now=now)
    if not await insert_new(session, County, [county], key=["code"]):
        raise CountyExists(existing_code=command.code)
    return county


@dataclass(frozen=True, slots=True)
class ChangeCounty:
    """Rename a county."""

    area: Area
    code: str
    changes: Mapping[str, Any]


async def change_county(
    session: AsyncSession, command: ChangeCounty, *, unless_stale: VersionCheck, now: datetime
) -> County:
    if not command.area.covers(None, command.code):
        raise Forbidden
    county = await repository.get_county(session, command.code, command.area, lock=True)
    unless_stale(county.version)
    if county.change(command.changes, now=now):
        halls = await repository.halls_of_county(session, county.code, lock=True)
        outbox.add(session, *(hall.follow_county(county, now=now) for hall in halls))
    return county


@dataclass(frozen=True, slots=True)
class OpenHall:
    """Add a hall to a county; `facts` are the hall's columns, those left out take their usual values."""

    area: Area
    code: str
    county: str
    facts: Mapping[str, Any]


async def open_hall(session: AsyncSession, command: OpenHall, *, now: datetime) -> Hall:
    county = await repository.county_or_none(session, command.county)
    if county is None or not command.area.covers(command.code, command.county):
        raise place_unknown("/county")
    hall, opened = Hall.open({**command.facts, "code": command.code}, county, now=now)
    if not await insert_new(session, Hall, [hall], key=["code"]):
        raise HallExists(existing_code=command.code)
    outbox.add(session, opened)
    return hall


@dataclass(frozen=True, slots=True)
class ChangeHall:
    """Change names, number, hours, busy period or dates of a hall."""

    area: Area
    code: str
    changes: Mapping[str, Any]
    by: str = ""


async def change_hall(
    session: AsyncSession, command: ChangeHall, *, unless_stale: VersionCheck, now: datetime
) -> Hall:
    hall = await repository.get_hall(session, command.code, command.area, lock=True)
    unless_stale(hall.version)
    county = await repository.get_county(session, hall.county)
    await _refuse_while_staffed(session, command)
    differences = hall.compared(command.changes)
    if changed := hall.change(command.changes, county, now=now):
        kept = HallRevision(hall=hall.code, version=hall.version, at=now, by=command.by, changes=differences)
        await repository.add_hall_change(session, kept)
        outbox.add(session, changed)
    return hall


@dataclass(frozen=True, slots=True)
class AppointClerk:
    """Give a member of staff a post from a day on (today unless said)."""

    area: Area
    staff_no: str
    name: str
    role: str
    hall: str | None = None
    county: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    by: str = ""


async def appoint_clerk(session: AsyncSession, command: AppointClerk, *, now: datetime) -> Clerk:
    county, hall = await resolve_place(session, command.role, command.county, command.hall, command.area)
    facts = {f.name: getattr(command, f.name) for f in fields(command) if f.name not in {"area", "by"}}
    dated = {"effective_from": command.effective_from or clock.business_date(now)}
    clerk, appointed = Clerk.appoint({**facts, **dated, "county": county, "hall": hall}, now=now)
    if not await insert_new(session, Clerk, [clerk], key=["staff_no"]):
        raise ClerkExists(existing_code=command.staff_no)
    await insert_rows(session, ClerkPost, [_first_post(clerk, command.by, now)])
    outbox.add(session, appointed)
    return clerk


@dataclass(frozen=True, slots=True)
class ChangeClerk:
    """Change a clerk's name, dates, or post from `moved_on` on (today); the customers stay until handed over."""

    area: Area
    staff_no: str
    changes: Mapping[str, Any]
    by: str = ""
    moved_on: date | None = None


async def change_clerk(
    session: AsyncSession, command: ChangeClerk, *, unless_stale: VersionCheck, now: datetime
) -> Clerk:
    clerk = await repository.get_clerk(session, command.staff_no, command.area, lock=True)
    unless_stale(clerk.version)
    changes = {**command.changes, **await _new_place(session, clerk, command)}
    today = clock.business_date(now)
    moved_on = command.moved_on or max(today, clerk.effective_from)
    posts = await _repost(session, clerk, changes, moved_on, command.by, now)
    if moved_on > today:
        changes = {name: value for name, value in changes.items() if name not in PLACE}
    elif post := rules.post_on(posts, today):
        changes = {**changes, **{name: getattr(post, name) for name in PLACE}}
    if changed := clerk.change(changes, now=now):
        outbox.add(session, changed)
    return clerk


async def take_up_posts(session: AsyncSession, *, now: datetime) -> bool:
    """Planned moves whose day has come, one chunk; True when there may be more."""
    due = await repository.clerks_out_of_post(session, clock.business_date(now), RESYNC_CHUNK)
    for clerk, post in due:
        if changed := clerk.change({name: getattr(post, name) for name in PLACE}, now=now):
            outbox.add(session, changed)
    return len(due) == RESYNC_CHUNK


@dataclass(frozen=True, slots=True)
class LoadDirectory:
    """A whole organisation at once; each mapping holds the fields of the single commands, without their area."""

    counties: Sequence[Mapping[str, Any]]
    halls: Sequence[Mapping[str, Any]]
    clerks: Sequence[Mapping[str, Any]]


async def load_directory(session: AsyncSession, command: LoadDirectory, *, now: datetime) -> int:
    """Insert what is not there yet, leave what is, and return how many entries were new."""
    counties = {row["code"]: County.found(row["code"], row["name"], now=now) for row in command.counties}
    halls = [Hall.open(row, counties[row["county"]], now=now) for row in command.halls]
    county_of = {hall.code: hall.county for hall, _ in halls}
    clerks = [Clerk.appoint(_with_county(row, county_of), now=now) for row in command.clerks]
    new_counties = await insert_new(session, County, counties.values(), key=["code"])
    new_halls = await insert_new(session, Hall, [hall for hall, _ in halls], key=["code"])
    new_clerks = await insert_new(session, Clerk, [clerk for clerk, _ in clerks], key=["staff_no"])
    taken_up = [_first_post(clerk, "", now) for clerk, _ in clerks if clerk.staff_no in new_clerks]
    await insert_rows(session, ClerkPost, taken_up)
    outbox.add(session, *(event for hall, event in halls if hall.code in new_halls))
    outbox.add(session, *(event for clerk, event in clerks if clerk.staff_no in new_clerks))
    return len(new_counties) + len(new_halls) + len(new_clerks)


async def resync_directory(session: AsyncSession, after: str | None) -> str | None:
    """Say one chunk of the directory's present state again; returns where to go on, None at the end."""
    kind, _, code = (after or "hall:").partition(":")
    if kind == "hall":
        halls = await repository.halls_after(session, code, RESYNC_CHUNK)
        outbox.add(session, *(hall.announced(county_name) for hall, county_name in halls))
        return f"hall:{halls[-1][0].code}" if len(halls) == RESYNC_CHUNK else "clerk:"
    clerks = await repository.clerks_after(session, code, RESYNC_CHUNK)
    outbox.add(session, *(clerk.announced() for clerk in clerks))
    return f"clerk:{clerks[-1].staff_no}" if len(clerks) == RESYNC_CHUNK else None


async def resolve_place(
    session: AsyncSession, role: str, county: str | None, hall: str | None, area: Area = EVERYWHERE
) -> tuple[str | None, str | None]:
    """County and hall as a role needs them, checked against the directory as far as `area` sees it."""
    match rules.place_of(role):
        case "hall" if hall is not None:
            found = await repository.hall_or_none(session, hall, area)
            if found is None or county not in {None, found.county}:
                raise place_unknown("/hall")
            return found.county, found.code
        case "county" if county is not None and hall is None:
            if not area.covers(None, county) or await repository.county_or_none(session, county) is None:
                raise place_unknown("/county")
            return county, None
        case "office" if county is None and hall is None:
            return _office(area)
    raise PlaceMismatch(role=role, needed=_NEEDED[rules.place_of(role)])


def place_unknown(pointer: str) -> PlaceUnknown:
    return PlaceUnknown(errors=[FieldError(pointer, PlaceUnknown.code, PlaceUnknown.detail)])


def _office(area: Area) -> tuple[None, None]:
    if not area.covers(None, None):
        raise Forbidden
    return None, None


async def _repost(
    session: AsyncSession, clerk: Clerk, changes: Mapping[str, Any], moved_on: date, by: str, now: datetime
) -> list[Post]:
    """Write the clerk's posts as they are after the change and return them. Raises MoveTooEarly, NotEmployed."""
    start = changes.get("effective_from", clerk.effective_from)
    end = changes.get("effective_to", clerk.effective_to)
    if not rules.in_order(start, end):
        raise DatesReversed
    known = await repository.posts_of(session, clerk.staff_no)
    posts = rules.employed([row.value for row in known], start, end)
    if PLACE & changes.keys():
        posts = _moved(posts, changes, moved_on, clock.business_date(now), end)
    rows = [ClerkPost.of(clerk.staff_no, post, by=by, now=now) for post in posts]
    await repository.put_posts(session, clerk.staff_no, known, posts, rows)
    return posts


def _moved(
    posts: list[Post], changes: Mapping[str, Any], on: date, today: date, end: date | None
) -> list[Post]:
    now, then = rules.post_on(posts, today), rules.post_on(posts, on)
    if now is not None and on < now.start:
        raise MoveTooEarly(since=now.start.isoformat())
    if then is None:
        raise NotEmployed
    place = {name: changes.get(name, getattr(then, name)) for name in PLACE}
    return rules.moved(posts, Post(**place, start=on, end=end))


def _first_post(clerk: Clerk, by: str, now: datetime) -> ClerkPost:
    return ClerkPost.of(clerk.staff_no, clerk.post, by=by, now=now)


async def _refuse_while_staffed(session: AsyncSession, command: ChangeHall) -> None:
    """A hall has an end only once nobody has a post there afterwards."""
    last = command.changes.get("effective_to")
    staff = await repository.staff_after(session, command.code, last) if last else ()
    if staff:
        raise HallStillStaffed(staff="、".join(staff[:10]))


async def _new_place(session: AsyncSession, clerk: Clerk, command: ChangeClerk) -> dict[str, str | None]:
    """Where the clerk belongs after the change; a new hall brings its own county along."""
    if not command.changes.keys() & {"role", "hall", "county"}:
        return {}
    role = command.changes.get("role", clerk.role)
    place = rules.place_of(role)
    hall = command.changes.get("hall", clerk.hall if place == "hall" else None)
    county = command.changes.get("county", clerk.county if place == "county" else None)
    found = await resolve_place(session, role, county, hall, command.area)
    return dict(zip(("county", "hall"), found, strict=True))


def _with_county(row: Mapping[str, Any], county_of: Mapping[str, str]) -> dict[str, Any]:
    hall = row.get("hall")
    return dict(row) if hall is None else {**row, "county": county_of[hall]}


_NEEDED = {"hall": "营业厅（hall）", "county": "区县（county），且不带营业厅", "office": "不带区县和营业厅"}
