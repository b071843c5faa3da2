"""China Mobile's 云MAS over HTTP: base64 of JSON out, an answer for the whole request, unsigned pushes back.

It has no idempotency key and cannot be asked, so a timeout stays unknown until a report comes. A report names the
request (`msgGroup`) and the number; the number enters our reference to it only as a keyed hash.
"""

import asyncio
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import httpx
import orjson

from services.messaging.config import CloudMasSettings, GatewaySettings
from services.messaging.dispatch.gateways.codes import failure_of
from services.messaging.dispatch.gateways.http import nothing_was_sent, post
from services.messaging.dispatch.gateways.origin import PathSecret
from services.messaging.dispatch.ports import (
    Callback,
    Failure,
    GatewayAway,
    Inbound,
    Receipt,
    Said,
    Submission,
    Submitted,
    Unreadable,
)
from services.messaging.templates import rules as templates
from shared import clock
from shared.keyring import KeyRing
from shared.phones import InvalidPhone, PhoneBook

MOST_PARTS = 10
LINGER = 0.02
"""Seconds a request waits for more numbers with the same text."""
ACCOUNT_PAUSE = timedelta(minutes=10)
ACCOUNT_REFUSED = frozenset({"IllegalMac", "IllegalSignId", "InvalidUsrOrPwd", "NoSignId", "NOT_WHITE_IP"})
"""Nothing was taken, and the next message would be refused as well: they wait until somebody has put it right."""
MESSAGE_REFUSED: dict[str, Failure] = {
    "InvalidMessage": "content",
    "InvalidMobile": "number-dead",
    "TooManyMobiles": "other",
}
DELIVERED = ("CM:0000", "DELIVRD")
NOT_FINAL = ("ACCEPTD", "ENROUTE")

_SIGNATURE = re.compile(r"【([^】]*)】")
_ANSWER_GROUP = ("msgGroup", "mgsGroup")


@dataclass(frozen=True, slots=True)
class Letter:
    """What every number of one request gets: words of our own, or the params of one of the platform's templates."""

    words: str = field(repr=False)
    sign: str
    template_id: str | None = None


class CloudMasGateway:
    """A `Gateway` over 云MAS."""

    can_be_asked = False
    at_hand = True

    def __init__(
        self,
        name: str,
        settings: GatewaySettings,
        http: httpx.AsyncClient,
        keyring: KeyRing,
        phones: PhoneBook,
    ) -> None:
        if settings.cloud_mas is None:
            raise ValueError("settings of another kind of gateway")
        self._cloud, self._settings, self._http, self._phones = settings.cloud_mas, settings, http, phones
        self._secret_key = keyring.secret(f"gateway:{name}")
        self._origin = PathSecret(name, settings.sources, keyring)
        self._patterns = {id_: template_pattern(text) for id_, text in self._cloud.templates.items()}
        self._batches = Batches(self._send, self._cloud.batch)

    async def submit(self, submission: Submission) -> Submitted:
        if not 0 < templates.segments(submission.text) <= MOST_PARTS:
            code = "text-too-long" if submission.text else "text-empty"
            return Submitted("rejected", code=code, failure="content")
        letter = self._letter(submission.text)
        mobile = submission.to.removeprefix("+86")
        if self._cloud.batch == 1:
            return (await self._send(letter, [mobile]))[mobile]
        return await self._batches.join(letter, mobile)

    def _letter(self, text: str) -> Letter:
        """With a signature of the platform's ours is taken off, but has been counted: it is paid for all the same."""
        signature = _SIGNATURE.match(text)
        sign = self._cloud.signs.get(signature[1] if signature else "", self._cloud.sign)
        content = text[signature.end() :] if signature and self._cloud.signature == "platform" else text
        for template_id, pattern in self._patterns.items():
            found = pattern.fullmatch(content)
            if found:
                return Letter(params_of(found.groups(), self._cloud.no_params), sign, template_id)
        return Letter(content, sign)

    async def _send(self, letter: Letter, mobiles: Sequence[str]) -> dict[str, Submitted]:
        """One request for all of them. Where one number spoils it, nothing was taken, and each is tried by itself."""
        answer = await self._post(letter, mobiles)
        if answer.result == "rejected" and len(mobiles) > 1:
            alone = await asyncio.gather(*(self._send(letter, [mobile]) for mobile in mobiles))
            return {mobile: each[mobile] for mobile, each in zip(mobiles, alone, strict=True)}
        return {mobile: self._own(answer, mobile) for mobile in mobiles}

    async def _post(self, letter: Letter, mobiles: Sequence[str]) -> Submitted:
        path = self._cloud.template_path if letter.template_id else self._cloud.ordinary_path
        body = request_body(self._cloud, self._secret_key, letter, ",".join(mobiles))
        try:
            answer = await post(
                self._http,
                httpx.URL(f"{self._settings.url.rstrip('/')}{path}"),
                b64encode(orjson.dumps(body)),
                {"content-type": self._cloud.content_type},
                self._settings.timeout,
            )
        except httpx.TransportError as error:
            result = "not-sent" if nothing_was_sent(error) else "unknown"
            return Submitted(result, code=type(error).__name__)  # type: ignore[arg-type]
        return read_answer(answer.status_code, answer.content)

    def _own(self, answer: Submitted, mobile: str) -> Submitted:
        group = answer.gateway_message_id
        return replace(answer, gateway_message_id=self._reference(group, mobile)) if group else answer

    def _reference(self, group: str, mobile: str) -> str:
        """One number's message of one request: `msgGroup` and half the number's blind index."""
        return f"{group[:80]}/{self._phones.index(mobile)[:32]}"

    async def query(self, message_id: UUID) -> Receipt | None:
        raise GatewayAway

    def admits(self, callback: Callback) -> bool:
        return self._origin.admits(callback)

    def parse_receipts(self, callback: Callback) -> list[Receipt | Unreadable]:
        return [self._receipt(element) for element in elements(callback)]

    def parse_inbound(self, callback: Callback) -> list[Inbound | Unreadable]:
        return [self._inbound(element) for element in elements(callback)]

    def _receipt(self, element: Mapping[str, Any]) -> Receipt | Unreadable:
        group, mobile = _one_of(element, _ANSWER_GROUP), _text(element, "mobile")
        status, code = _text(element, "reportStatus"), _text(element, "errorCode")
        if not group or not (status or code):
            return Unreadable("receipt refused: msgGroup or reportStatus missing")
        try:
            reference = self._reference(group, mobile)
        except InvalidPhone:
            return Unreadable("receipt refused: mobile")
        said = said_by(status, code)
        code = (code or status)[:60]
        failure = failure_of(code) if said == "failed" else None
        at = _moment(_text(element, "receiveDate")) or _moment(_text(element, "submitDate")) or clock.now()
        return Receipt(said, at, gateway_message_id=reference, code=code, failure=failure)

    def _inbound(self, element: Mapping[str, Any]) -> Inbound | Unreadable:
        """The platform gives a reply no id: who, when and what make one, the number as its blind index."""
        sender, words, sent = (_text(element, name) for name in ("mobile", "smsContent", "sendTime"))
        to = _text(element, "addSerial")
        try:
            index = self._phones.index(sender)
        except InvalidPhone:
            return Unreadable("inbound refused: mobile")
        if not words:
            return Unreadable("inbound refused: smsContent")
        same = hashlib.sha256(f"{index}\n{to}\n{sent}\n{words}".encode()).hexdigest()
        return Inbound(inbound_id=same, sender=sender, to=to, text=words, at=_moment(sent) or clock.now())


class Batches:
    """Submissions of one text that come together leave in one request; a number is in a request only once."""

    def __init__(
        self, send: Callable[[Letter, Sequence[str]], Awaitable[dict[str, Submitted]]], most: int
    ) -> None:
        self._send, self._most = send, most
        self._open: dict[Letter, dict[str, asyncio.Future[Submitted]]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def join(self, letter: Letter, mobile: str) -> Submitted:
        """Wait with the others of this letter; the answer for this number."""
        waiting = self._open.get(letter)
        if waiting is None or mobile in waiting or len(waiting) >= self._most:
            waiting = self._open[letter] = {}
            task = asyncio.create_task(self._leave(letter, waiting))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        waiting[mobile] = asyncio.get_running_loop().create_future()
        return await waiting[mobile]

    async def _leave(self, letter: Letter, waiting: dict[str, asyncio.Future[Submitted]]) -> None:
        await asyncio.sleep(LINGER)
        if self._open.get(letter) is waiting:
            del self._open[letter]
        answers: Mapping[str, Submitted] = {}
        try:
            answers = await self._send(letter, list(waiting))
        finally:
            for mobile, answer in waiting.items():
                if not answer.done():
                    answer.set_result(answers.get(mobile, Submitted("unknown", code="adapter-failed")))


def template_pattern(text: str) -> re.Pattern[str]:
    """What a text of the platform's template looks like once its `{}` are filled in."""
    return re.compile("(.*?)".join(re.escape(part) for part in text.split("{}")), re.DOTALL)


def params_of(values: Sequence[str], none: str) -> str:
    """The template's variables as the platform wants them: a string that holds a JSON array."""
    return orjson.dumps(list(values)).decode() if values else none


def request_body(cloud: CloudMasSettings, secret_key: str, letter: Letter, mobiles: str) -> dict[str, str]:
    """The members of a submission in the order in which the mac goes over them."""
    words = (
        {"mobiles": mobiles, "content": letter.words}
        if letter.template_id is None
        else {"templateId": letter.template_id, "mobiles": mobiles, "params": letter.words}
    )
    body = {
        "ecName": cloud.ec_name, "apId": cloud.ap_id, "secretKey": secret_key, **words, "sign": letter.sign,
        "addSerial": cloud.serial,
    }  # fmt: skip
    body["mac"] = hashlib.md5("".join(body.values()).encode(), usedforsecurity=False).hexdigest()
    if not cloud.secret_in_body:
        del body["secretKey"]
    return body


def read_answer(status: int, content: bytes) -> Submitted:
    """Taken only where `success` and `rspcod` both say so; a refusal that is known took nothing; the rest is doubt."""
    if status != 200:
        result = "not-sent" if status in (401, 403, 404) else "unknown"
        return Submitted(result, code=str(status))  # type: ignore[arg-type]
    answer = _answer(content)
    code, group = _text(answer, "rspcod")[:60], _one_of(answer, _ANSWER_GROUP)
    if answer.get("success") is True and code == "success":
        return Submitted("accepted", gateway_message_id=group or None)
    if code in ACCOUNT_REFUSED:
        return Submitted("not-sent", code=code, failure="account", pause=ACCOUNT_PAUSE)
    if code in MESSAGE_REFUSED:
        return Submitted("rejected", code=code, failure=MESSAGE_REFUSED[code])
    return Submitted("unknown", code=code or "unreadable")


def _answer(content: bytes) -> Mapping[str, Any]:
    try:
        return next(iter(_decoded(content)), {})
    except ValueError:
        return {}


def said_by(status: str, code: str) -> Said:
    """`reportStatus` decides, `errorCode` where it is missing; any code nobody knows is a final failure."""
    decisive = (status or code).upper()
    if decisive in DELIVERED:
        return "delivered"
    return "accepted" if decisive in NOT_FINAL else "failed"


def elements(callback: Callback) -> list[Mapping[str, Any]]:
    """A push as JSON, as base64 of JSON, or as a form, each of one report or many; an empty mapping is no report."""
    body = callback.body.strip() or callback.query
    try:
        return _decoded(body)
    except ValueError:
        pairs = dict(parse_qsl(body.decode("utf-8", "replace")))
    if "mobile" in pairs:
        return [pairs]
    for value in pairs.values():
        for text in (value, value.replace(" ", "+")):  # some do not escape the + of base64
            with suppress(ValueError):
                return _decoded(text.encode())
    return [{}]


def _decoded(body: bytes) -> list[Mapping[str, Any]]:
    """JSON, plain or in base64, as a list of objects. Raises ValueError."""
    try:
        parsed = orjson.loads(body)
    except ValueError:
        bare = b"".join(body.split())
        parsed = orjson.loads(b64decode(bare + b"=" * (-len(bare) % 4), validate=True))
    found = parsed if isinstance(parsed, list) else [parsed]
    return [each if isinstance(each, dict) else {} for each in found]


def _moment(text: str) -> datetime | None:
    """Shanghai time in either of the platform's two forms; None for anything else."""
    for form in ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=clock.SHANGHAI)
        except ValueError:
            continue
    return None


def _text(element: Mapping[str, Any], name: str) -> str:
    value = element.get(name)
    return str(value).strip() if isinstance(value, str | int) else ""


def _one_of(element: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((found for name in names if (found := _text(element, name))), "")
