"""The directory's copy: the newest version wins, in any order."""

import pytest

from services.kpi.staff import repository
from shared.database import Database
from shared.events.customer import ClerkChanged, HallChanged
from tests.kpi.house import Tell, an, the_house

pytestmark = pytest.mark.both_databases


async def test_an_older_version_changes_nothing(tell: Tell, database: Database) -> None:
    new = an(HallChanged, code="ZZ01", version=3, full_name="新名营业厅")
    await tell(new)
    await tell(an(HallChanged, code="ZZ01", version=2, full_name="旧名营业厅"))
    async with database.reading() as session:
        assert (await repository.names(session))["hall", "ZZ01"] == "新名营业厅"


async def test_staff_above_the_halls_are_known_by_name_but_not_scored(tell: Tell, database: Database) -> None:
    above = an(
        ClerkChanged,
        staff_no="OFFICE1",
        hall=None,
        county=None,
        role="regional_office",
        display_name="市场部",
    )
    await tell(*the_house(), above)
    async with database.reading() as session:
        in_post = await repository.clerks_in_post(session, above.effective_from, above.effective_from)
        assert (await repository.names(session))["clerk", "OFFICE1"] == "市场部"
    assert "OFFICE1" not in {clerk.staff_no for clerk in in_post}
