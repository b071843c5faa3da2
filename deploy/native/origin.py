"""One address before services that run apart, where no nginx is: the first path segment says which."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
from aiohttp import web
from yarl import URL

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
UNAVAILABLE = (
    b'{"type":"urn:hall:problem:service-unavailable","title":"%s","status":503,"code":"service-unavailable",'
    b'"detail":"%s","errors":[],"request_id":null}'
)


class Origin:
    """Passes requests on and answers back as they come, without keeping bodies in memory."""

    def __init__(self, targets: Mapping[str, str], otherwise: str) -> None:
        self._targets, self._otherwise = dict(targets), otherwise

    def app(self) -> web.Application:
        made = web.Application(client_max_size=0)
        made.cleanup_ctx.append(self._client)
        made.router.add_route("*", "/{path:.*}", self._pass_on)
        return made

    async def _client(self, app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None, connect=5)
        async with aiohttp.ClientSession(
            connector=connector, auto_decompress=False, timeout=timeout
        ) as client:
            self._session = client
            yield

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        first = request.path.split("/", 2)[1]
        target = self._targets.get(first, self._targets[self._otherwise])
        body = request.content if request.body_exists else None
        try:
            async with self._session.request(
                request.method,
                URL(f"{target}{request.raw_path}", encoded=True),
                headers=_forwarded(request),
                data=body,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            ) as answer:
                return await _answer(request, answer)
        except aiohttp.ClientConnectionError:
            title, detail = "服务暂不可用".encode(), "服务暂时不可用，请在 1 秒后再试。".encode()
            return web.Response(
                status=503,
                body=UNAVAILABLE % (title, detail),
                content_type="application/problem+json",
                headers={"Retry-After": "1"},
            )


async def _answer(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    passed = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in HOP_BY_HOP:
            passed.headers.add(name, value)
    await passed.prepare(request)
    async for chunk in answer.content.iter_any():
        await passed.write(chunk)
    await passed.write_eof()
    return passed


def _forwarded(request: web.Request) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP]
    return [*kept, ("X-Forwarded-For", request.remote or ""), ("X-Forwarded-Proto", request.scheme)]
