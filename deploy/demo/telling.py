"""How the story talks: HTTP to the house as the hall's programs speak it, plain Chinese to whoever watches."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import httpx
import typer

T = TypeVar("T")
PATIENCE = 120.0
Answer = dict[str, Any]


class StoryBroken(Exception):
    """A step did not come out as the story needs it; the text says which and what came back."""


class Program:
    """One program of the demo with its token, e.g. the POS at a hall."""

    def __init__(self, url: str, client_id: str, secret: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=30)
        self._sign_in = (client_id, secret)

    async def __aenter__(self) -> Self:
        await self.sign_in()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._http.aclose()

    async def sign_in(self) -> None:
        """Get a token by client credentials."""
        form = {"grant_type": "client_credentials"}
        answer = await self._sent("POST", "/customer/v1/oauth/token", data=form, auth=self._sign_in)
        if answer.status_code != 200:
            raise StoryBroken(f"{self._sign_in[0]} 没有拿到令牌（{answer.status_code}）：{answer.text[:200]}")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def get(self, path: str, **query: Any) -> Answer:
        return _body(await self._sent("GET", path, params=query), 200)

    async def text(self, path: str, **query: Any) -> str:
        answer = await self._sent("GET", path, params=query)
        if answer.status_code != 200:
            raise StoryBroken(f"GET {path} 返回 {answer.status_code}：{answer.text[:300]}")
        return answer.text

    async def post(self, path: str, body: Any = None, *, expect: int = 201, **more: Any) -> Answer:
        """POST once only: the same key is sent again when the connection broke before the answer came."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return _body(await self._sent("POST", path, json=body, headers=headers, **more), expect)

    async def post_or_none(self, path: str, body: Any) -> Answer | None:
        """POST, or None while the service does not know what the body speaks of."""
        answer = await self._sent("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
        return None if answer.status_code in (404, 422) else _body(answer, 201)

    async def get_status(self, path: str) -> int:
        return (await self._sent("GET", path)).status_code

    async def upload(self, path: str, name: str, content: bytes, **fields: str) -> Answer:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        files = {"file": (name, content)}
        return _body(await self._sent("POST", path, files=files, data=fields, headers=headers), 202)

    async def all(self, path: str, **query: Any) -> AsyncIterator[Answer]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await self.get(path, limit=200, **query, **more)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def _sent(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Try again while the house is away or busy, as a till at the counter does."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                answer = await self._http.request(method, path, **more)
            except httpx.TransportError:
                if time.monotonic() > give_up:
                    raise StoryBroken(f"{method} {path}：{PATIENCE:.0f} 秒内没有连上平台") from None
            else:
                if answer.status_code == 401 and "auth" not in more:
                    await self.sign_in()
                elif answer.status_code not in (429, 502, 503) and not _still_running(answer):
                    return answer
                if time.monotonic() > give_up:
                    return answer
            await asyncio.sleep(0.5)


def _still_running(answer: httpx.Response) -> bool:
    """The first try of this very request has not finished yet."""
    return answer.status_code == 409 and "idempotency-in-progress" in answer.text


def _body(answer: httpx.Response, expect: int) -> Answer:
    if answer.status_code != expect:
        place = f"{answer.request.method} {answer.request.url.path}"
        raise StoryBroken(f"{place} 应返回 {expect}，实际 {answer.status_code}：{answer.text[:400]}")
    body: Answer = answer.json() if answer.content else {}
    return body


@dataclass
class Telling:
    """What is printed: numbered chapters, what came back, and in the end whether everything agrees."""

    chapters: int = 0
    disagreements: list[str] = field(default_factory=list)

    def chapter(self, text: str) -> None:
        self.chapters += 1
        typer.echo(f"\n【{self.chapters}】{text}")

    def came_back(self, text: str) -> None:
        typer.echo(f"    {text}")

    def agrees(self, what: str, left: Any, right: Any) -> None:
        """Two ways to the same figure; the story fails in the end when they differ."""
        same = left == right
        typer.echo(f"    {'✓' if same else '✗'} {what}：{left} {'=' if same else '≠'} {right}")
        if not same:
            self.disagreements.append(what)


async def until(what: str, look: Callable[[], Awaitable[T | None]], *, patience: float = PATIENCE) -> T:
    """Look again and again until there is something to see; the events are on their way."""
    give_up, pause = time.monotonic() + patience, 0.05
    while True:
        seen = await look()
        if seen is not None:
            return seen
        if time.monotonic() > give_up:
            raise StoryBroken(f"等了 {patience:.0f} 秒仍未看到：{what}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 1.0)
