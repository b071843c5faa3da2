"""What a caller may see is in the query, never behind it."""

import sqlalchemy as sa

from shared.database import Database
from shared.security.roles import ROLES, SCOPES_OF, scopes_of
from shared.security.tenancy import Area, Caller, area_of

ROWS = [("ZZ01", "zizhong"), ("ZZ02", "zizhong"), ("WY01", "weiyuan")]

SEEN: list[tuple[str, str | None, str | None, set[str]]] = [
    ("pos", "zizhong", "ZZ01", {"ZZ01"}),
    ("clerk", "zizhong", "ZZ01", {"ZZ01"}),
    ("hall_manager", "zizhong", "ZZ02", {"ZZ02"}),
    ("county_manager", "zizhong", None, {"ZZ01", "ZZ02"}),
    ("regional_office", None, None, {"ZZ01", "ZZ02", "WY01"}),
    ("auditor", None, None, {"ZZ01", "ZZ02", "WY01"}),
    ("admin", None, None, {"ZZ01", "ZZ02", "WY01"}),
    ("gateway", None, None, set()),
    ("clerk", "zizhong", None, set()),
    ("county_manager", None, "ZZ01", set()),
    ("stranger", "zizhong", "ZZ01", set()),
]


async def seen(database: Database, area: Area) -> set[str]:
    rows = sa.union_all(
        *(sa.select(sa.literal(h).label("hall"), sa.literal(c).label("county")) for h, c in ROWS)
    )
    places = rows.subquery("places")
    async with database.reading() as session:
        found = await session.execute(
            sa.select(places.c.hall).where(area.clause(places.c.hall, places.c.county))
        )
        return set(found.scalars())


async def test_each_role_sees_its_part(kernel_database: Database) -> None:
    for role, county, hall, expected in SEEN:
        area = area_of(role, county, hall)
        assert await seen(kernel_database, area) == expected, role
        assert {h for h, c in ROWS if area.covers(h, c)} == expected, role


def test_every_role_has_scopes_and_only_the_admin_makes_clients() -> None:
    assert all(SCOPES_OF[role] for role in ROLES)
    assert [role for role in ROLES if "clients:write" in SCOPES_OF[role]] == ["admin"]


def test_the_auditor_reads_and_never_writes() -> None:
    assert not [scope for scope in SCOPES_OF["auditor"] if not scope.endswith(":read")]


def test_an_unknown_role_holds_nothing() -> None:
    assert scopes_of("king") == frozenset()


def test_a_caller_may_what_the_token_says() -> None:
    caller = Caller("pos-1", "pos", "zizhong", "ZZ01", frozenset({"customers:read"}))
    assert caller.may("customers:read")
    assert not caller.may("customers:write")
