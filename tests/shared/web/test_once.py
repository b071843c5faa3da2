"""A POST with a key has one effect and one answer, however often and however fast it is sent, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from shared import clock
from shared.database import Database
from shared.ledger import IDEMPOTENCY_KEYS
from shared.runtime import Runtime
from tests.shared.kernel import SCRATCH
from tests.shared.web.house import a_client, a_token, an_app

PHONE = "13912345678"


@pytest.fixture
async def either(kernel_database: Database, runtime: Runtime) -> Runtime:
    runtime.database = kernel_database
    return runtime


@pytest.fixture
async def client(either: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(an_app(either), authorization=f"Bearer {a_token(either)}") as opened:
        yield opened


async def post(client: httpx.AsyncClient, key: str | None, **body: object) -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    return await client.post("/customer/v1/things", json={"id": 1, "word": "a", **body}, headers=headers)


async def count(database: Database, table: sa.Table = SCRATCH) -> int:
    async with database.reading() as session:
        return int((await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())


async def test_the_same_request_again_gets_the_same_answer_and_no_second_effect(
    client: httpx.AsyncClient, either: Runtime
) -> None:
    first, second = await post(client, "k"), await post(client, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"] == '"1"'
    assert first.headers["location"] == second.headers["location"] == "/customer/v1/things/1"
    assert first.headers["content-type"] == second.headers["content-type"] == "application/json"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await count(either.database) == 1


async def test_a_key_is_required_and_must_be_sound(client: httpx.AsyncClient) -> None:
    assert (await post(client, None)).json()["code"] == "idempotency-key-required"
    assert (await post(client, "")).json()["code"] == "idempotency-key-required"
    for key in ("k" * 256, "a\tb"):
        answer = await post(client, key)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-invalid")
    assert (await post(client, "k" * 255)).status_code == 201


async def test_a_stranger_learns_nothing_about_keys(either: Runtime) -> None:
    async with a_client(an_app(either)) as stranger:
        assert (await post(stranger, None)).status_code == 401


async def test_the_same_key_with_another_body_is_refused(client: httpx.AsyncClient, either: Runtime) -> None:
    await post(client, "k")
    answer = await post(client, "k", word="b")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert await count(either.database) == 1


async def test_refusals_are_not_stored(client: httpx.AsyncClient, either: Runtime) -> None:
    await post(client, "first")
    for _ in range(2):
        answer = await post(client, "k", id=2)
        assert (answer.status_code, answer.json()["code"]) == (409, "word-taken")
        assert "idempotency-replayed" not in answer.headers
    assert (await post(client, "bad", id="x")).status_code == 422
    assert (await post(client, "k", id=2, word="b")).status_code == 201
    assert await count(either.database, IDEMPOTENCY_KEYS) == 2


async def test_while_the_first_is_running_the_second_is_told_to_wait(
    client: httpx.AsyncClient, either: Runtime
) -> None:
    first = asyncio.create_task(post(client, "k", seconds=0.3))
    await asyncio.sleep(0.1)
    second = await post(client, "k", seconds=0.3)
    assert (second.status_code, second.json()["code"]) == (409, "idempotency-in-progress")
    assert second.headers["retry-after"] == "1"
    assert (await first).status_code == 201
    assert (await post(client, "k", seconds=0.3)).headers["idempotency-replayed"] == "true"


async def test_twenty_at_once_with_one_key_have_one_effect(
    client: httpx.AsyncClient, either: Runtime
) -> None:
    answers = await asyncio.gather(*(post(client, "k") for _ in range(20)))
    replayed = [a for a in answers if a.status_code == 201 and "idempotency-replayed" in a.headers]
    made = [a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]
    waiting = [a for a in answers if a.status_code == 409]
    assert len(made) == 1
    assert len(made) + len(replayed) + len(waiting) == 20
    assert {a.json()["code"] for a in waiting} <= {"idempotency-in-progress"}
    assert await count(either.database) == 1


async def test_two_processes_with_one_key_have_one_effect(either: Runtime) -> None:
    """Two applications share nothing but the database."""
    token = a_token(either)
    async with (
        a_client(an_app(either), authorization=f"Bearer {token}") as one,
        a_client(an_app(either), authorization=f"Bearer {token}") as other,
    ):
        for number in range(10):
            both = await asyncio.gather(
                *(post(c, f"k{number}", id=number, word=f"w{number}") for c in (one, other))
            )
            codes = sorted(a.status_code for a in both)
            assert codes == [201, 201]
            assert sorted("idempotency-replayed" in a.headers for a in both) == [False, True]
    assert await count(either.database) == 10


async def test_keys_belong_to_their_client(either: Runtime) -> None:
    app = an_app(either)
    async with (
        a_client(app, authorization=f"Bearer {a_token(either, subject='one')}") as one,
        a_client(app, authorization=f"Bearer {a_token(either, subject='two')}") as two,
    ):
        assert (await post(one, "k")).status_code == 201
        assert (await post(two, "k", id=2, word="b")).status_code == 201


async def test_a_number_used_as_key_is_not_stored_in_clear(
    client: httpx.AsyncClient, either: Runtime
) -> None:
    await post(client, f"register-{PHONE}")
    async with either.database.reading() as session:
        row = (await session.execute(sa.select(IDEMPOTENCY_KEYS))).one()
    assert PHONE not in str(tuple(row))


async def test_after_72_hours_the_key_works_anew(
    client: httpx.AsyncClient, either: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = clock.now() - timedelta(hours=73)
    await post(client, "k")
    async with either.database.transaction() as session:
        await session.execute(sa.update(IDEMPOTENCY_KEYS).values(created_at=long_ago))
    answer = await post(client, "k", id=2, word="b")
    assert (answer.status_code, answer.json()["word"]) == (201, "b")


async def test_a_file_sent_again_with_another_boundary_is_the_same_request(
    till: httpx.AsyncClient,
) -> None:
    headers = {"idempotency-key": "k"}
    first = await till.post(
        "/customer/v1/uploads", files={"file": ("a.csv", b"1" * 3_000_000)}, headers=headers
    )
    second = await till.post(
        "/customer/v1/uploads", files={"file": ("a.csv", b"1" * 3_000_000)}, headers=headers
    )
    other = await till.post(
        "/customer/v1/uploads", files={"file": ("a.csv", b"2" * 3_000_000)}, headers=headers
    )
    assert first.json() == second.json() == {"bytes": 3_000_000}
    assert second.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422
