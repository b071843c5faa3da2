"""A 云MAS platform written from its interface description: it checks every byte it is sent and pushes as it likes.

It shares no code with the adapter. Answers alternate between the two spellings of the group, reports between the forms
that platforms are known to use, and one push is refused now and then to be made again.
"""

import asyncio
import binascii
import hashlib
import itertools
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
from httpx_aiohttp import AiohttpTransport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ORDINARY = ("ecName", "apId", "secretKey", "mobiles", "content", "sign", "addSerial", "mac")
TEMPLATE = ("ecName", "apId", "secretKey", "templateId", "mobiles", "params", "sign", "addSerial", "mac")
SHANGHAI = ZoneInfo("Asia/Shanghai")
Push = tuple[bytes, str]


@dataclass
class CloudMas:
    """One customer's account on the platform."""

    callback: str
    ec_name: str = "资中移动"
    ap_id: str = "hallsms"
    secret_key: str = "kept-in-the-key-ring"
    signs: dict[str, str] = field(default_factory=lambda: {"sIgN01": "资中大十字营业厅"})
    templates: dict[str, str] = field(default_factory=lambda: {"tpl-9": "您好，您反映的{}已办好，编号{}。"})
    most: int = 5000
    batches: list[int] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    phones: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    report: tuple[str, str] = ("CM:0000", "DELIVRD")

    def __post_init__(self) -> None:
        self._groups = (f"08101011140010{number:09d}" for number in itertools.count(1))
        self._spelling = itertools.cycle(("msgGroup", "mgsGroup"))
        self._form: itertools.cycle[Callable[[list[dict[str, str]]], Push]] = itertools.cycle(FORMS)
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Starlette]:
        """The platform's HTTP; what it still had to push is dropped at the end."""
        async with httpx.AsyncClient(transport=AiohttpTransport()) as self._http:
            yield Starlette(
                routes=[
                    Route("/sms/norsubmit", self._ordinary, methods=["POST"]),
                    Route("/sms/tmpsubmit", self._template, methods=["POST"]),
                ]
            )
            for task in list(self._tasks):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def reply(self, mobile: str, text: str, serial: str = "01") -> None:
        """A phone answers."""
        sent = f"{datetime.now(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        await self._push(
            "inbound", [{"mobile": mobile, "smsContent": text, "sendTime": sent, "addSerial": serial}]
        )

    async def _ordinary(self, request: Request) -> Response:
        return self._answer(await request.body(), ORDINARY)

    async def _template(self, request: Request) -> Response:
        return self._answer(await request.body(), TEMPLATE)

    def _answer(self, raw: bytes, members: tuple[str, ...]) -> Response:
        refusal, body = self._judge(raw, members)
        group = "" if refusal else next(self._groups)
        if refusal:
            self.refused.append(refusal)
        else:
            self._take(group, body)
        return JSONResponse(
            {next(self._spelling): group, "rspcod": refusal or "success", "success": not refusal}
        )

    def _judge(self, raw: bytes, members: tuple[str, ...]) -> tuple[str | None, dict[str, str]]:
        try:
            body = json.loads(b64decode(raw, validate=True).decode("utf-8"))
        except (binascii.Error, ValueError):
            return "InvalidMessage", {}
        if tuple(body) != members or not all(isinstance(value, str) for value in body.values()):
            return "InvalidMessage", body
        self.bodies.append(body)
        expected = hashlib.md5("".join(body[name] for name in members[:-1]).encode()).hexdigest()
        mobiles = body["mobiles"].split(",")
        account = (self.ec_name, self.ap_id, self.secret_key)
        checks = [
            ("InvalidUsrOrPwd", (body["ecName"], body["apId"], body["secretKey"]) == account),
            ("IllegalMac", body["mac"] == expected),
            ("NoSignId", bool(body["sign"])),
            ("IllegalSignId", body["sign"] in self.signs),
            ("TooManyMobiles", len(mobiles) <= self.most),
            ("InvalidMobile", len(set(mobiles)) == len(mobiles) and all(_is_mobile(m) for m in mobiles)),
            ("InvalidMessage", self._is_wording(body)),
        ]  # fmt: skip
        return next((code for code, right in checks if not right), None), body

    def _is_wording(self, body: dict[str, str]) -> bool:
        """Words without a signature of their own, or as many params as the template has places."""
        if "content" in body:
            return bool(body["content"]) and "【" not in body["content"]
        places = self.templates.get(body["templateId"], "").count("{}")
        params = json.loads(body["params"])
        return body["templateId"] in self.templates and len(params) == places

    def _take(self, group: str, body: dict[str, str]) -> None:
        words = body.get("content") or _filled(self.templates[body["templateId"]], json.loads(body["params"]))
        mobiles = body["mobiles"].split(",")
        self.batches.append(len(mobiles))
        now = f"{datetime.now(SHANGHAI):%Y%m%d%H%M%S}"
        for mobile in mobiles:
            self.phones.append((mobile, f"【{self.signs[body['sign']]}】{words}"))
        status, code = self.report
        reports = [
            {"reportStatus": status, "mobile": mobile, "submitDate": now, "receiveDate": now, "errorCode": code,
             "msgGroup": group, "somethingNew": "1"}
            for mobile in mobiles
        ]  # fmt: skip
        task = asyncio.create_task(self._push("receipts", reports))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _push(self, kind: str, elements: list[dict[str, str]]) -> None:
        """One request for all of them, or one each where the form holds only one; again until it is taken."""
        form = next(self._form)
        groups = [elements] if form in MANY else [[element] for element in elements]
        for group in groups:
            content, content_type = form(group)
            for _ in range(20):
                answer = await self._http.post(
                    f"{self.callback}/{kind}", content=content, headers={"content-type": content_type}
                )
                if answer.status_code == 200:
                    break
                await asyncio.sleep(0.1)


def _is_mobile(text: str) -> bool:
    return len(text) == 11 and text.isdigit() and text.startswith("1")


def _filled(template: str, params: list[str]) -> str:
    for value in params:
        template = template.replace("{}", value, 1)
    return template


def _object(elements: list[dict[str, str]]) -> Push:
    return json.dumps(elements[0]).encode(), "application/json"


def _array(elements: list[dict[str, str]]) -> Push:
    return json.dumps(elements, ensure_ascii=False).encode(), "application/json;charset=UTF-8"


def _base64(elements: list[dict[str, str]]) -> Push:
    return b64encode(json.dumps(elements, ensure_ascii=False).encode()), "text/plain"


def _form(elements: list[dict[str, str]]) -> Push:
    return urlencode(elements[0]).encode(), "application/x-www-form-urlencoded"


FORMS: tuple[Callable[[list[dict[str, str]]], Push], ...] = (_object, _array, _base64, _form)
MANY = (_array, _base64)
