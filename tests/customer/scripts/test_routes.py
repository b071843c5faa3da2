"""The library over HTTP: states, search, uses and their count."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.customer.scripts import repository, rules
from services.customer.scripts.models import Script, ScriptTerm, ScriptUse
from shared import clock
from shared.database import Database
from shared.pagination import PageRequest
from shared.runtime import Runtime
from tests.customer.customers import a_customer
from tests.customer.scripts.writing import a_draft, a_script, approve, change, post

pytestmark = pytest.mark.usefixtures("organisation")
API = "/customer/v1/scripts"
Caller = Callable[..., httpx.AsyncClient]


@pytest.fixture
def author(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")


@pytest.fixture
def approver(caller: Caller) -> httpx.AsyncClient:
    return caller("county_manager", county="zizhong", subject="ZZ0001")


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


async def ids_of(answer: Awaitable[httpx.Response]) -> list[str]:
    found = await answer
    assert found.status_code == 200, found.text
    return [item["id"] for item in found.json()["items"]]


async def test_a_house_starts_with_a_script_for_every_audience_and_moment(clerk: httpx.AsyncClient) -> None:
    items = (await clerk.get(API, params={"limit": 200})).json()["items"]
    assert {(i["audience"], i["moment"]) for i in items} == {
        (audience, moment) for audience in rules.AUDIENCES for moment in rules.MOMENTS
    }
    assert all(i["author"] != i["approved_by"] and i["approved_by"] for i in items)
    assert all(rules.unknown_placeholders(i["text"]) == [] and len(i["text"]) <= 90 for i in items)


async def test_the_first_scripts_are_found_like_those_written_later(database: Database) -> None:
    async with database.reading() as session:
        scripts = (await session.scalars(sa.select(Script))).all()
        rows = await session.execute(sa.select(ScriptTerm.__table__))  # type: ignore[attr-defined]
    planted = {(r.script_id, r.term): r.weight for r in rows}
    assert planted == {(s.id, term["term"]): term["weight"] for s in scripts for term in s.terms()}


@pytest.mark.both_databases
async def test_a_draft_is_used_once_somebody_else_approved_it(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    draft = await a_draft(author)
    assert (draft["state"], draft["script_version"], draft["author"]) == ("draft", 1, "ZZ0100")
    assert draft["id"] not in await ids_of(clerk.get(API))
    refused = await post(clerk, f"/{draft['id']}/uses", {"script_version": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "script-never-approved")
    approved = (await approve(approver, draft)).json()
    assert (approved["state"], approved["approved_by"]) == ("approved", "ZZ0001")
    assert draft["id"] in await ids_of(clerk.get(API))
    again = await approve(approver, draft)
    assert (again.status_code, again.json()["code"]) == (409, "script-not-a-draft")


async def test_nobody_approves_their_own_words_even_by_the_back_door(
    approver: httpx.AsyncClient, database: Database
) -> None:
    draft = await a_draft(approver)
    refused = await approve(approver, draft)
    assert (refused.status_code, refused.json()["code"]) == (409, "approver-is-author")
    with pytest.raises(IntegrityError, match="approved_by_another"):
        async with database.transaction() as session:
            own = sa.update(Script).where(col(Script.author) == "ZZ0001")
            await session.execute(own.values(approved_by="ZZ0001"))


async def test_who_changes_anothers_draft_cannot_approve_it(
    author: httpx.AsyncClient, approver: httpx.AsyncClient
) -> None:
    draft = await a_draft(author)
    assert (await change(approver, draft["id"], {"title": "改过的标题"})).status_code == 200
    assert (await approve(approver, draft)).json()["code"] == "approver-is-author"


@pytest.mark.both_databases
async def test_a1_16_editing_an_approved_script_makes_a_new_draft_version(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    """The old one stays in use until the new one is approved, then is retired; every use keeps its version."""
    script = await a_script(author, approver)
    edited = await change(author, script["id"], {"text": "新的说法。"})
    assert (edited.status_code, edited.json()["state"], edited.json()["script_version"]) == (200, "draft", 2)
    assert edited.headers["etag"] == '"2.1"'
    (shown,) = [i for i in (await clerk.get(API)).json()["items"] if i["id"] == script["id"]]
    assert (shown["script_version"], shown["text"]) == (1, script["text"])
    assert (await post(clerk, f"/{script['id']}/uses", {"script_version": 1})).status_code == 201
    await approve(approver, edited.json())
    whole = (await clerk.get(f"{API}/{script['id']}")).json()
    assert [(v["script_version"], v["state"]) for v in whole["versions"]] == [(2, "approved"), (1, "retired")]
    late = await post(clerk, f"/{script['id']}/uses", {"script_version": 1, "outcome": "accepted"})
    assert late.status_code == 201


async def test_a_script_has_one_draft_at_a_time_and_a_stale_change_is_refused(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, database: Database
) -> None:
    script = await a_script(author, approver)
    tag = (await author.get(f"{API}/{script['id']}")).headers["etag"]
    answers = await asyncio.gather(
        *(change(author, script["id"], {"title": f"第{i}稿"}, tag) for i in range(5))
    )
    assert sorted(a.status_code for a in answers) == [200, 412, 412, 412, 412]
    missing = await author.patch(f"{API}/{script['id']}", json={"title": "无版本"})
    assert missing.status_code == 428
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            newest, *_ = await repository.versions_of(session, UUID(script["id"]))
            session.add(newest.next_draft({}, author="ZZ0100", now=clock.now()))


async def test_a_version_for_later_takes_over_on_its_day_without_a_gap(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, database: Database
) -> None:
    today = clock.business_date(clock.now())
    start = today + timedelta(days=7)
    script = await a_script(author, approver, audience="all", moment="closing")
    draft = (await change(author, script["id"], {"valid_from": start.isoformat()})).json()
    await approve(approver, draft)
    for day, version in ((today, 1), (start - timedelta(days=1), 1), (start, 2)):
        async with database.reading() as session:
            found = await repository.scripts_page(session, repository.Filters(day), PageRequest(limit=200))
        assert [s.version for s in found.items if str(s.id) == script["id"]] == [version]


@pytest.mark.both_databases
async def test_the_script_for_an_audience_comes_before_the_one_for_all(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, database: Database
) -> None:
    newest = await a_script(author, approver, audience="all", moment="greeting", title="通用新问候")
    async with database.reading() as session:
        exact = await repository.script_for(session, audience="complainant", moment="greeting")
        general = await repository.script_for(session, audience="all", moment="greeting")
        none = await repository.script_for(session, audience="all", moment="no-such-moment")
    assert exact is not None
    assert exact.audience == "complainant"
    assert general is not None
    assert str(general.id) == newest["id"]
    assert none is None
    await post(approver, f"/{exact.id}/retirement", {})
    async with database.reading() as session:
        fallen_back = await repository.script_for(session, audience="complainant", moment="greeting")
    assert fallen_back is not None
    assert str(fallen_back.id) == newest["id"]


@pytest.mark.both_databases
async def test_a_script_is_found_by_two_characters_one_character_or_a_latin_word(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    titled = await a_script(author, approver, title="宽带提速 5G", text="说说光纤。")
    mentioned = await a_script(author, approver, title="上门安装", text="办宽带提速送光猫。")
    for query in ("提速", "宽带提速", "宽带 提速", "宽带，怎么提速"):
        assert await ids_of(clerk.get(API, params={"q": query})) == [titled["id"], mentioned["id"]], query
    assert await ids_of(clerk.get(API, params={"q": "５g"})) == [titled["id"]]
    assert await ids_of(clerk.get(API, params={"q": "猫"})) == [mentioned["id"]]
    assert await ids_of(clerk.get(API, params={"q": "，。"})) == []
    assert await ids_of(clerk.get(API, params={"q": "提速", "moment": "closing"})) == []
    first = (await clerk.get(API, params={"q": "宽带", "limit": 1})).json()
    rest = (await clerk.get(API, params={"q": "宽带", "limit": 1, "cursor": first["next_cursor"]})).json()
    assert [first["items"][0]["id"], rest["items"][0]["id"]] == [titled["id"], mentioned["id"]]


async def test_a_changed_draft_is_found_by_its_new_words_only(author: httpx.AsyncClient) -> None:
    draft = await a_draft(author, title="靓号专场")
    await change(author, draft["id"], {"title": "校园迎新"})
    assert await ids_of(author.get(API, params={"q": "靓号", "state": "draft"})) == []
    assert await ids_of(author.get(API, params={"q": "迎新", "state": "draft"})) == [draft["id"]]


@pytest.mark.both_databases
async def test_stats_tell_uses_and_acceptance_by_version_and_by_clerk(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, clerk: httpx.AsyncClient, caller: Caller,
    runtime: Runtime,
) -> None:  # fmt: skip
    script = await a_script(author, approver)
    customer = await a_customer(runtime.database, runtime.phones)
    pos = caller("pos", hall="ZZ01", county="zizhong")
    for client, more in (
        (clerk, {"outcome": "accepted", "customer_id": str(customer.id)}),
        (clerk, {"outcome": "declined"}),
        (pos, {"clerk": "ZZ0102"}),
    ):
        used = await post(client, f"/{script['id']}/uses", {"script_version": 1, **more})
        assert used.status_code == 201, used.text
    by_version, by_clerk = await _stats(author), await _stats(author, by="clerk")
    assert by_version[0] == (script["id"], 1, None, 3, 1, 2)
    assert len(by_version) == 28, "what nobody used is there to be pruned"
    assert by_version[-1][3] == 0
    assert by_clerk == [(script["id"], 1, "ZZ0101", 2, 1, 2), (script["id"], 1, "ZZ0102", 1, 0, 0)]
    elsewhere = caller("hall_manager", hall="WY01", county="weiyuan")
    assert all(row[3] == 0 for row in await _stats(elsewhere))
    assert all(row[3] == 0 for row in await _stats(author, month="2020-01"))


async def test_a_use_names_only_customers_of_the_callers_hall_and_a_machine_names_its_clerk(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, caller: Caller, runtime: Runtime
) -> None:
    script = await a_script(author, approver)
    customer = await a_customer(runtime.database, runtime.phones)
    body = {"script_version": 1, "customer_id": str(customer.id)}
    elsewhere = caller("clerk", hall="WY01", county="weiyuan", subject="WY0101")
    assert (await post(elsewhere, f"/{script['id']}/uses", body)).status_code == 404
    nobody = await post(caller("pos", hall="ZZ01", county="zizhong"), f"/{script['id']}/uses", body)
    assert (nobody.status_code, nobody.json()["code"]) == (422, "clerk-required")
    reader = await post(caller("auditor"), f"/{script['id']}/uses", body)
    assert reader.status_code == 403


async def test_clerks_write_nothing_and_hall_managers_approve_nothing(
    author: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    assert (await post(clerk, "", {})).status_code == 403
    draft = await a_draft(author)
    assert (await approve(author, draft)).status_code == 403


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": "请报{phone}。"}, "placeholder-unknown"),
        ({"valid_from": "2026-12-02", "valid_to": "2026-12-01"}, "dates-reversed"),
        ({"moment": "lunch"}, "literal-error"),
        ({"title": " "}, "string-too-short"),
        ({"approved_by": "ZZ0001"}, "extra-forbidden"),
    ],
)
async def test_a_script_that_breaks_a_rule_is_refused(
    author: httpx.AsyncClient, changes: dict[str, Any], code: str
) -> None:
    refused = await post(author, "", {**_words(), **changes})
    assert refused.status_code == 422
    assert [error["code"] for error in refused.json()["errors"]] == [code]


async def test_a_retired_script_is_used_no_more(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    script = await a_script(author, approver)
    await change(author, script["id"], {"title": "又一稿"})
    assert (await post(approver, f"/{script['id']}/retirement", {})).status_code == 200
    assert script["id"] not in await ids_of(clerk.get(API))
    whole = (await clerk.get(f"{API}/{script['id']}")).json()
    assert {v["state"] for v in whole["versions"]} == {"retired"}
    again = await post(approver, f"/{script['id']}/retirement", {})
    assert (again.status_code, again.json()["code"]) == (409, "script-already-retired")


async def test_erasing_a_customer_keeps_the_count_and_forgets_whose_it_was(
    author: httpx.AsyncClient, approver: httpx.AsyncClient, clerk: httpx.AsyncClient, runtime: Runtime
) -> None:
    script = await a_script(author, approver)
    customer = await a_customer(runtime.database, runtime.phones)
    body = {"script_version": 1, "customer_id": str(customer.id), "outcome": "accepted"}
    await post(clerk, f"/{script['id']}/uses", body)
    async with runtime.database.transaction() as session:
        told = await repository.everything_about(session, customer.id)
        await repository.erase_customers(session, [customer.id])
    assert [use["outcome"] for use in told["script_uses"]] == ["accepted"]
    async with runtime.database.reading() as session:
        assert await repository.everything_about(session, customer.id) == {"script_uses": []}
        assert (await session.scalars(sa.select(sa.func.count()).select_from(ScriptUse))).one() == 1


async def _stats(client: httpx.AsyncClient, **query: str) -> list[tuple[Any, ...]]:
    found = await client.get(f"{API}/stats", params=query)
    assert found.status_code == 200, found.text
    names = ("script_id", "script_version", "clerk", "uses", "accepted", "answered")
    return [tuple(item[name] for name in names) for item in found.json()["items"]]


def _words() -> dict[str, Any]:
    return {"audience": "all", "moment": "closing", "title": "送别", "text": "请慢走。"}
