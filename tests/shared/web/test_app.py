"""What every service answers on every request: ids, traces, headers, limits, health, meters and its own description."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from shared import context, telemetry
from shared.runtime import Runtime
from shared.testing.buses import RecordingBus
from shared.web.etags import ExpectedVersion, etag
from shared.web.limits import Windows
from tests.shared.web.house import a_client, a_runtime, a_token, an_app

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_the_callers_request_id_comes_back(till: httpx.AsyncClient) -> None:
    answer = await till.get("/customer/v1/things", headers={"x-request-id": "till-7:42"})
    assert answer.headers["x-request-id"] == "till-7:42"


@pytest.mark.parametrize("odd", ["", "a b", "x" * 200, "r-13912345678", "8613912345678", "<script>"])
async def test_an_odd_request_id_or_a_number_is_replaced(till: httpx.AsyncClient, odd: str) -> None:
    answer = await till.get("/customer/v1/things", headers={"x-request-id": odd})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_ids_trace_and_actor_are_known_to_the_work(app: FastAPI, till: httpx.AsyncClient) -> None:
    known: list[str | None] = []

    @app.get("/customer/v1/context")
    async def look() -> None:
        known.extend([context.correlation_id.get(), telemetry.traceparent()])

    await till.get("/customer/v1/context", headers={"x-request-id": "r1", "traceparent": TRACE})
    assert known[0] == "r1"
    assert str(known[1]).split("-")[1] == TRACE.split("-")[1]
    assert context.correlation_id.get() is None


async def test_every_answer_carries_the_security_headers(
    till: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    for answer in (await till.get("/customer/v1/things"), await stranger.get("/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_the_log_knows_the_route_and_not_the_path(till: httpx.AsyncClient) -> None:
    with capture_logs() as said:
        await till.get("/customer/v1/things/13912345678")
        await till.get("/customer/v1/things?word=13912345678")
        await till.get("/13912345678")
    assert [line["route"] for line in said] == [
        "/customer/v1/things/{thing_id}",
        "/customer/v1/things",
        "unmatched",
    ]
    assert "13912345678" not in str(said)


async def test_a_body_beyond_one_mebibyte_is_413_whatever_its_length_claims(till: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    headers = {"content-type": "application/json", "idempotency-key": "k"}
    for content in (b"x" * 1_100_000, chunks()):
        answer = await till.post("/customer/v1/things", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "content-too-large")


async def test_uploads_may_be_larger_up_to_their_own_limit(till: httpx.AsyncClient) -> None:
    fits = await till.post(
        "/customer/v1/uploads", files={"file": b"x" * 2_000_000}, headers={"idempotency-key": "a"}
    )
    assert (fits.status_code, fits.json()) == (202, {"bytes": 2_000_000})
    too_big = await till.post(
        "/customer/v1/uploads", files={"file": b"x" * (51 << 20)}, headers={"idempotency-key": "b"}
    )
    assert too_big.status_code == 413


@pytest.fixture
async def strict(runtime: Runtime) -> Runtime:
    again = a_runtime(runtime.database, runtime.settings.data, rate_limit_client=3, rate_limit_guest=2)
    await again.http.aclose()
    return again


async def test_a_client_faster_than_its_quota_is_429_with_a_time_to_wait(strict: Runtime) -> None:
    async with a_client(an_app(strict), authorization=f"Bearer {a_token(strict)}") as till:
        answers = [await till.get("/customer/v1/things") for _ in range(5)]
    assert [a.status_code for a in answers] == [200, 200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"guest";q=2;w=60'
    assert answers[1].headers["ratelimit-policy"] == '"client";q=3;w=60'
    assert re.fullmatch(r'"client";r=2;t=\d+', answers[1].headers["ratelimit"])
    assert answers[4].json()["code"] == "too-many-requests"
    assert 1 <= int(answers[4].headers["retry-after"]) <= 61


async def test_inventing_tokens_opens_no_new_quota(strict: Runtime) -> None:
    async with a_client(an_app(strict)) as guest:
        codes = [
            (await guest.get("/customer/v1/things", headers={"authorization": f"Bearer t{n}"})).status_code
            for n in range(3)
        ]
    assert codes == [401, 401, 429]


async def test_health_is_never_limited(strict: Runtime) -> None:
    async with a_client(an_app(strict)) as guest:
        assert {(await guest.get("/customer/livez")).status_code for _ in range(9)} == {200}


def test_a_window_forgets_when_it_turns() -> None:
    windows = Windows(2, seconds=60)
    assert [windows.hit("a", at)[0] for at in (0, 1, 2, 59)] == [1, 0, -1, -2]
    assert windows.hit("b", 59)[0] == 1
    assert windows.hit("a", 60) == (1, 61)


async def test_ready_means_database_and_bus_answer_and_nobody_is_leaving(
    runtime: Runtime, stranger: httpx.AsyncClient
) -> None:
    assert (await stranger.get("/customer/livez")).status_code == 200
    assert (await stranger.get("/customer/readyz")).json()["checks"] == {
        "database": True, "bus": True, "accepting": True,
    }  # fmt: skip
    assert isinstance(runtime.bus, RecordingBus)
    runtime.bus.down = True
    answer = await stranger.get("/customer/readyz")
    assert (answer.status_code, answer.json()["checks"]["bus"]) == (200, False)
    runtime.bus.down, runtime.draining = False, True
    answer = await stranger.get("/customer/readyz")
    assert (answer.status_code, answer.json()["checks"]["accepting"]) == (503, False)


async def test_requests_are_metered_by_route_template(
    till: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    await till.get("/customer/v1/things/1")
    await till.get("/customer/v1/things/2")
    meters = (await stranger.get("/customer/metrics")).text
    labels = 'method="GET",route="/customer/v1/things/{thing_id}",service="customer",status="404"'
    assert f"hall_http_requests_total{{{labels}}} 2.0" in meters


async def test_the_description_tells_scopes_keys_versions_and_problems(stranger: httpx.AsyncClient) -> None:
    document = (await stranger.get("/customer/openapi.json")).json()
    make = document["paths"]["/customer/v1/things"]["post"]
    change = document["paths"]["/customer/v1/things/{thing_id}"]["patch"]
    assert make["security"] == [{"bearer": ["customers:write"]}]
    assert {"Idempotency-Key"} == {p["name"] for p in make["parameters"]}
    assert "If-Match" in {p["name"] for p in change["parameters"]}
    assert "application/problem+json" in make["responses"]["default"]["content"]
    assert not [path for path in document["paths"] if not path.startswith("/customer/v1/")]


async def test_the_description_can_be_read_as_a_page(stranger: httpx.AsyncClient) -> None:
    page = await stranger.get("/customer/docs", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "/customer/v1/things/{thing_id}" in page.text
    assert "customers:write" in page.text


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 428, "precondition-required"),
        ('"2"', 412, "version-stale"),
        ('W/"3"', 412, "version-stale"),
        ('"3"', 200, None),
        ('"1", "3"', 200, None),
        ("*", 200, None),
    ],
)
async def test_a_change_needs_the_version_it_is_based_on(
    till: httpx.AsyncClient, header: str | None, status: int, code: str | None
) -> None:
    headers = {} if header is None else {"if-match": header}
    answer = await till.patch("/customer/v1/things/1", json={"id": 1, "word": "a"}, headers=headers)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_versions_are_strong_tags() -> None:
    assert etag(3) == '"3"'
    ExpectedVersion(frozenset({'"3"'})).check(3)
