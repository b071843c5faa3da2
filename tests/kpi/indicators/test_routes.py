"""The seeded catalogue over HTTP, and that its formulas rest on facts somebody records."""

from services.kpi.facts.rules.recording import FACTS
from services.kpi.indicators import repository
from shared.database import Database
from shared.events import EVENTS
from tests.kpi.conftest import Caller


async def test_every_indicator_says_what_it_means(caller: Caller) -> None:
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    items = (await clerk.get("/kpi/v1/indicators")).json()["items"]
    assert len(items) == 23
    assert all(i["definition"] and i["formula_in_words"] and i["owner"] and i["source_events"] for i in items)
    one = (await clerk.get("/kpi/v1/indicators/diversion_rate")).json()
    assert (one["name"], one["unit"], one["direction"]) == ("10086 投诉分流率", "percent", "higher")
    assert (await clerk.get("/kpi/v1/indicators/unheard_of")).json()["code"] == "indicator-not-found"


async def test_every_formula_counts_kinds_that_its_source_events_yield(database: Database) -> None:
    kinds = {(event.topic, rule.kind) for event, rules in FACTS.items() for rule in rules}
    async with database.reading() as session:
        catalogue = await repository.catalogue(session)
    for indicator in catalogue:
        used = {selection.kind for selection in indicator.to_definition().formula.selections}
        sources = {topic for topic, kind in kinds if kind in used}
        assert sources == set(indicator.source_events), indicator.code
        assert sources <= set(EVENTS)
