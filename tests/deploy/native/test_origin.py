"""One address before the services: requests and answers pass unchanged, and a service that is down answers 503."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from aiohttp import web

from deploy.native.origin import Origin
from deploy.native.processes import free_ports


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app)
    await runner.setup()
    [port] = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


def a_service(name: str) -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        told = {
            "service": name,
            "method": request.method,
            "path": request.raw_path,
            "body": (await request.read()).decode(),
        }
        response = web.json_response(told, status=int(request.headers.get("X-Status", "200")))
        response.headers.add("Location", "/elsewhere")
        response.set_cookie("one", "1")
        response.set_cookie("two", "2")
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


@pytest.fixture
async def front() -> AsyncIterator[httpx.AsyncClient]:
    async with serving(a_service("customer")) as customer, serving(a_service("kpi")) as kpi:
        targets = {"customer": customer, "kpi": kpi, "messaging": f"http://127.0.0.1:{free_ports(1)[0]}"}
        async with (
            serving(Origin(targets, "customer").app()) as url,
            httpx.AsyncClient(base_url=url) as client,
        ):
            yield client


@pytest.mark.parametrize(
    ("path", "service"), [("/kpi/v1/x", "kpi"), ("/customer/v1/x", "customer"), ("/", "customer")]
)
async def test_the_first_segment_says_which_service_answers(
    front: httpx.AsyncClient, path: str, service: str
) -> None:
    assert (await front.get(path)).json()["service"] == service


async def test_method_body_and_undecodable_query_pass_unchanged(front: httpx.AsyncClient) -> None:
    answer = await front.post("/kpi/v1/x?text=%90%00%8B%A2&a=%20b", content="内容".encode())
    assert answer.json() == {
        "service": "kpi", "method": "POST", "path": "/kpi/v1/x?text=%90%00%8B%A2&a=%20b", "body": "内容",
    }  # fmt: skip


async def test_status_redirects_and_every_cookie_come_back(front: httpx.AsyncClient) -> None:
    answer = await front.get("/customer/x", headers={"X-Status": "303"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/elsewhere"
    assert len(answer.headers.get_list("set-cookie")) == 2


async def test_a_service_that_is_down_answers_503_as_a_problem(front: httpx.AsyncClient) -> None:
    answer = await front.get("/messaging/v1/x")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "service-unavailable"
