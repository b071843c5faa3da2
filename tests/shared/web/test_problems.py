"""Everything that goes wrong is a problem document in Chinese, which never repeats what the caller sent."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from shared.database import Database
from shared.runtime import Runtime
from tests.shared.web.house import a_client, a_token

PHONE = "13912345678"
MEMBERS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


def check(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem.keys() >= MEMBERS
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:hall:problem:{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert not str(problem["detail"]).isascii()
    assert PHONE not in answer.text
    return problem


def wrong(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


async def test_nobody_is_401_and_told_how_to_identify(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/customer/v1/things")
    check(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="hall"'


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer é", "bearer a.b.c"])
async def test_a_bad_token_is_401(stranger: httpx.AsyncClient, header: str) -> None:
    answer = await stranger.get("/customer/v1/things", headers={b"authorization": header.encode()})
    check(answer, 401, "invalid-token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", ""])
async def test_another_scheme_is_401(stranger: httpx.AsyncClient, header: str) -> None:
    check(
        await stranger.get("/customer/v1/things", headers={"authorization": header}), 401, "unauthenticated"
    )


async def test_a_missing_scope_is_403_and_named(app: FastAPI, runtime: Runtime) -> None:
    async with a_client(app, authorization=f"Bearer {a_token(runtime, 'gateway')}") as gateway:
        problem = check(await gateway.get("/customer/v1/things"), 403, "forbidden")
    assert problem["scope"] == "customers:read"


async def test_unknown_addresses_methods_and_things(till: httpx.AsyncClient) -> None:
    check(await till.get("/customer/v1/nothing"), 404, "not-found")
    check(await till.get("/customer/v1/things/7"), 404, "not-found")
    answer = await till.delete("/customer/v1/things")
    check(answer, 405, "method-not-allowed")
    assert answer.headers["allow"]


async def test_wrong_members_are_pointed_at_in_chinese(till: httpx.AsyncClient) -> None:
    body = {"id": PHONE + "x", "word": f"{PHONE} {PHONE}", "seconds": 9}
    answer = await till.post("/customer/v1/things", json=body, headers={"idempotency-key": "k"})
    problem = check(answer, 422, "validation-failed")
    assert wrong(answer) == [
        ("/id", "int-parsing"),
        ("/word", "string-too-long"),
        ("/seconds", "less-than-equal"),
    ]
    assert [e["detail"] for e in problem["errors"]] == ["应为整数。", "最多 10 个字符。", "应不大于 5。"]  # type: ignore[attr-defined]


async def test_our_own_validators_speak_for_themselves(till: httpx.AsyncClient) -> None:
    answer = await till.post(
        "/customer/v1/things", json={"id": 1, "word": "a b"}, headers={"idempotency-key": "k"}
    )
    check(answer, 422, "validation-failed")
    assert answer.json()["errors"] == [{"pointer": "/word", "code": "value-error", "detail": "不能有空格"}]


@pytest.mark.parametrize("body", ["{", '{"id": 13912345678,}', "", "[", '{"id":1}trailing'])
async def test_what_is_no_json_is_400(till: httpx.AsyncClient, body: str) -> None:
    headers = {"idempotency-key": "k", "content-type": "application/json"}
    answer = await till.post("/customer/v1/things", content=body, headers=headers)
    assert answer.status_code == (422 if body == "" else 400)
    assert PHONE not in answer.text


async def test_text_that_is_not_unicode_is_400(till: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "k", "content-type": "application/json"}
    check(
        await till.post("/customer/v1/things", content=b'{"w":"\xff"}', headers=headers),
        400,
        "malformed-request",
    )


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", None])
async def test_another_kind_of_body_is_415(till: httpx.AsyncClient, kind: str | None) -> None:
    headers = {"idempotency-key": "k", **({"content-type": kind} if kind else {})}
    answer = await till.post("/customer/v1/things", content=b'{"id":1,"word":"a"}', headers=headers)
    check(answer, 415, "unsupported-media-type")


async def test_json_where_a_file_is_wanted_is_415(till: httpx.AsyncClient) -> None:
    answer = await till.post("/customer/v1/uploads", json={}, headers={"idempotency-key": "k"})
    check(answer, 415, "unsupported-media-type")


async def test_unknown_query_parameters_are_422_and_the_known_ones_named(till: httpx.AsyncClient) -> None:
    answer = await till.get("/customer/v1/things", params={"wrod": PHONE})
    check(answer, 422, "validation-failed")
    assert wrong(answer) == [("", "unknown-parameter")]
    assert "cursor、limit、word" in answer.json()["errors"][0]["detail"]


async def test_a_webhook_may_read_its_query_itself(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/customer/v1/receipts?a=1&b=2")).json() == {"parameters": 2}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense"])
async def test_bad_pages_are_422(till: httpx.AsyncClient, query: str) -> None:
    assert (await till.get(f"/customer/v1/things?{query}")).status_code == 422


@pytest.mark.parametrize("kind", ["database", "pool", "network"])
async def test_what_is_away_is_503_with_a_time_to_come_back(stranger: httpx.AsyncClient, kind: str) -> None:
    answer = await stranger.get(f"/customer/v1/failures/{kind}")
    check(answer, 503, "service-unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_our_own_mistakes_are_500_without_a_word_about_them(stranger: httpx.AsyncClient) -> None:
    with capture_logs() as said:
        answer = await stranger.get("/customer/v1/failures/bug")
    check(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert [line["event"] for line in said] == ["request.failed", "request.finished"]


@pytest.fixture
async def till_on_either(
    kernel_database: Database, runtime: Runtime, app: FastAPI
) -> AsyncIterator[httpx.AsyncClient]:
    runtime.database = kernel_database
    async with a_client(
        app, authorization=f"Bearer {a_token(runtime)}", **{"idempotency-key": "k"}
    ) as client:
        yield client


@pytest.mark.parametrize(
    "body",
    [r'{"id":1,"word":"a\u0000b"}', r'{"id":1,"word":"\ud800"}', '{"id":99999999999999999999,"word":"a"}'],
)
async def test_data_no_column_can_take_is_never_a_500(till_on_either: httpx.AsyncClient, body: str) -> None:
    answer = await till_on_either.post(
        "/customer/v1/things", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in {201, 422}, answer.text
    assert (await till_on_either.get("/customer/v1/things?word=%00")).status_code in {200, 422}
