"""Loading, changing and saying again, on a real database: state and events together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.customer.directory import repository, usecases
from services.customer.directory.errors import ClerkExists, HallExists, PlaceMismatch, PlaceUnknown
from services.customer.directory.usecases import AppointClerk, ChangeClerk, ChangeCounty, OpenHall
from shared.database import Database
from shared.errors import Forbidden, NotFound
from shared.events.customer import ClerkChanged, HallChanged
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said
from tests.customer.organisation import ORGANISATION, a_hall

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
EVERYWHERE, ZIZHONG = Area.everything(), Area(county="zizhong")


def any_version(_version: int | str) -> None:
    return None


@pytest.mark.both_databases
async def test_an_organisation_is_loaded_whole_and_said_once(database: Database) -> None:
    for expected in (2 + 3 + 5, 0):
        async with database.transaction() as session:
            assert await usecases.load_directory(session, ORGANISATION, now=NOW) == expected
    events = await events_said(database)
    assert [e.code for e in events if isinstance(e, HallChanged)] == ["ZZ01", "ZZ02", "WY01"]
    assert {e.staff_no: e.county for e in events if isinstance(e, ClerkChanged)} == {
        "ZZ0101": "zizhong", "ZZ0100": "zizhong", "ZZ0201": "zizhong", "WY0101": "weiyuan", "ZZ0001": "zizhong",
    }  # fmt: skip


@pytest.mark.usefixtures("organisation")
@pytest.mark.both_databases
async def test_resync_says_the_present_state_chunk_by_chunk(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecases, "RESYNC_CHUNK", 2)
    before = await events_said(database)
    after: str | None = None
    chunks = 0
    while chunks == 0 or after is not None:
        async with database.transaction() as session:
            after = await usecases.resync_directory(session, after)
        chunks += 1
    again = (await events_said(database))[len(before) :]
    assert chunks == 5
    assert sorted(e.key for e in again) == sorted(e.key for e in before)
    assert {(e.key, e.version) for e in again} == {(e.key, e.version) for e in before}


@pytest.mark.usefixtures("organisation")
async def test_a_county_that_is_renamed_says_its_halls_again(database: Database) -> None:
    before = await events_said(database)
    async with database.transaction() as session:
        command = ChangeCounty(EVERYWHERE, "zizhong", {"name": "资中县"})
        await usecases.change_county(session, command, unless_stale=any_version, now=NOW)
    said = [e for e in (await events_said(database))[len(before) :] if isinstance(e, HallChanged)]
    assert [(e.code, e.county_name, e.version) for e in said] == [
        ("ZZ01", "资中县", 2),
        ("ZZ02", "资中县", 2),
    ]


@pytest.mark.usefixtures("organisation")
async def test_a_second_hall_of_the_same_code_changes_nothing(database: Database) -> None:
    before = await events_said(database)
    facts = {k: v for k, v in a_hall("ZZ01", "zizhong", "另一个").items() if k not in {"code", "county"}}
    with pytest.raises(HallExists):
        async with database.transaction() as session:
            await usecases.open_hall(session, OpenHall(EVERYWHERE, "ZZ01", "zizhong", facts), now=NOW)
    assert await events_said(database) == before
    async with database.reading() as session:
        assert (await repository.get_hall(session, "ZZ01")).name == "资中大十字营业厅"


@pytest.mark.usefixtures("organisation")
async def test_a_clerk_who_moves_takes_the_county_of_the_new_hall(database: Database) -> None:
    async with database.transaction() as session:
        command = ChangeClerk(EVERYWHERE, "ZZ0101", {"hall": "WY01"})
        clerk = await usecases.change_clerk(session, command, unless_stale=any_version, now=NOW)
    assert (clerk.hall, clerk.county, clerk.version) == ("WY01", "weiyuan", 2)
    last = (await events_said(database))[-1]
    assert isinstance(last, ClerkChanged)
    assert (last.hall, last.county) == ("WY01", "weiyuan")


@pytest.mark.usefixtures("organisation")
async def test_a_clerk_promoted_to_the_county_leaves_the_hall(database: Database) -> None:
    async with database.transaction() as session:
        command = ChangeClerk(EVERYWHERE, "ZZ0100", {"role": "county_manager", "county": "zizhong"})
        clerk = await usecases.change_clerk(session, command, unless_stale=any_version, now=NOW)
    assert (clerk.role, clerk.hall, clerk.county) == ("county_manager", None, "zizhong")


@pytest.mark.usefixtures("organisation")
@pytest.mark.parametrize(
    ("staff_no", "role", "place", "error"),
    [
        ("ZZ0101", "clerk", {"hall": "ZZ01"}, ClerkExists),
        ("ZZ0109", "clerk", {}, PlaceMismatch),
        ("ZZ0109", "clerk", {"hall": "WY01"}, PlaceUnknown),
        ("ZZ0109", "clerk", {"hall": "XX99"}, PlaceUnknown),
        ("ZZ0109", "county_manager", {"county": "weiyuan"}, PlaceUnknown),
        ("ZZ0109", "county_manager", {"hall": "ZZ01"}, PlaceMismatch),
        ("ZZ0109", "regional_office", {"hall": "ZZ01"}, PlaceMismatch),
        ("ZZ0109", "regional_office", {}, Forbidden),
    ],
)
async def test_a_county_manager_appoints_only_what_fits_and_lies_in_the_county(
    database: Database, staff_no: str, role: str, place: dict[str, Any], error: type[Exception]
) -> None:
    before = await events_said(database)
    with pytest.raises(error):
        async with database.transaction() as session:
            command = AppointClerk(area=ZIZHONG, staff_no=staff_no, name="新人", role=role, **place)
            await usecases.appoint_clerk(session, command, now=NOW)
    assert await events_said(database) == before


@pytest.mark.usefixtures("organisation")
async def test_queries_end_at_the_border_of_the_area(database: Database) -> None:
    hall = Area(county="zizhong", hall="ZZ01")
    async with database.reading() as session:
        assert (await repository.get_county(session, "zizhong", hall)).name == "资中"
        for outside in (
            repository.get_county(session, "weiyuan", hall),
            repository.get_hall(session, "ZZ02", hall),
            repository.get_hall(session, "WY01", ZIZHONG),
            repository.get_clerk(session, "ZZ0201", hall),
            repository.get_clerk(session, "WY0101", Area.nowhere()),
        ):
            with pytest.raises(NotFound):
                await outside


@pytest.mark.usefixtures("organisation")
async def test_the_clerks_of_a_hall_are_those_of_the_day(database: Database) -> None:
    day = NOW.date()
    async with database.transaction() as session:
        command = ChangeClerk(EVERYWHERE, "ZZ0101", {"effective_to": day})
        await usecases.change_clerk(session, command, unless_stale=any_version, now=NOW)
    async with database.reading() as session:
        today = await repository.clerks_of_hall(session, "ZZ01", day)
        tomorrow = await repository.clerks_of_hall(session, "ZZ01", day + timedelta(days=1))
    assert [c.staff_no for c in today] == ["ZZ0100", "ZZ0101"]
    assert [c.staff_no for c in tomorrow] == ["ZZ0100"]
