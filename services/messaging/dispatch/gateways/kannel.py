"""Kannel's sendsms and its callbacks. Its answers carry no id, so ours travels in the `dlr-url`.

What it gets wrong silently is refused here first: text cut after ten parts, empty text, Chinese turned into "??"
without `coding=2`, several receivers whose receipts cannot be told apart.
"""

import re
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes
from uuid import UUID

import httpx

from services.messaging.config import GatewaySettings
from services.messaging.dispatch.gateways.codes import failure_of
from services.messaging.dispatch.gateways.http import nothing_was_sent, post
from services.messaging.dispatch.gateways.origin import PathSecret
from services.messaging.dispatch.ports import (
    Callback,
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

MOST_PARTS = 10
ALL_RECEIPTS = "31"
SAID: dict[str, Said] = {
    "1": "delivered",
    "2": "failed",
    "4": "accepted",
    "8": "accepted",
    "16": "failed",
    "32": "accepted",
}
"""Bits of the delivery report. 16, refused by the SMS centre, comes after Kannel itself took the message."""
DLR = "mid={id}&status=%d&answer=%A&fid=%F&kid=%I&ts=%t&smsc=%i"


class KannelGateway:
    """A `Gateway` over Kannel's HTTP. It keeps no status that could be asked for."""

    can_be_asked = False
    at_hand = True

    def __init__(
        self,
        name: str,
        settings: GatewaySettings,
        http: httpx.AsyncClient,
        keyring: KeyRing,
        callback_url: str,
    ) -> None:
        self._http, self._settings, self._url = http, settings, httpx.URL(settings.url)
        self._password = keyring.secret(f"gateway:{name}")
        self._origin = PathSecret(name, settings.sources, keyring)
        self._callback = f"{callback_url.rstrip('/')}/messaging/v1/gateways/{name}/{self._origin.current}"

    async def submit(self, submission: Submission) -> Submitted:
        parts = templates.segments(submission.text)
        if not 0 < parts <= MOST_PARTS:
            return Submitted("rejected", code="text-too-long" if parts else "text-empty")
        try:
            answer = await post(
                self._http,
                self._url,
                submission.text.encode(),
                self._headers(submission),
                self._settings.timeout,
            )
        except httpx.TransportError as error:
            result = "not-sent" if nothing_was_sent(error) else "unknown"
            return Submitted(result, code=type(error).__name__)  # type: ignore[arg-type]
        return read_answer(answer.status_code, answer.text)

    def _headers(self, submission: Submission) -> dict[str, str]:
        """Kannel's form for POST: number and password in headers, where no access log writes them down."""
        return {
            "content-type": "text/plain; charset=UTF-8",
            "x-kannel-username": self._settings.username,
            "x-kannel-password": self._password,
            "x-kannel-from": self._settings.sender,
            "x-kannel-to": submission.to.removeprefix("+86"),
            "x-kannel-coding": "2",
            "x-kannel-dlr-mask": ALL_RECEIPTS,
            "x-kannel-dlr-url": f"{self._callback}/receipts?{DLR.format(id=submission.message_id)}",
        }

    async def query(self, message_id: UUID) -> Receipt | None:
        raise GatewayAway

    def admits(self, callback: Callback) -> bool:
        return self._origin.admits(callback)

    def parse_receipts(self, callback: Callback) -> list[Receipt | Unreadable]:
        fields = raw_fields(callback)
        try:
            said, code = SAID[_text(fields, "status")], stat_in(_text(fields, "answer"))
            return [
                Receipt(
                    said=said,
                    at=_moment(_text(fields, "ts")),
                    message_id=UUID(_text(fields, "mid")),
                    code=code[:60] or None,
                    failure=failure_of(code) if said == "failed" else None,
                )
            ]
        except (KeyError, ValueError) as error:
            return [Unreadable(f"receipt refused: {type(error).__name__}")]

    def parse_inbound(self, callback: Callback) -> list[Inbound | Unreadable]:
        fields = raw_fields(callback)
        try:
            return [
                Inbound(
                    inbound_id=_text(fields, "id"),
                    sender=_text(fields, "from"),
                    to=_text(fields, "to"),
                    text=_content(fields),
                    at=_moment(_text(fields, "ts")),
                )
            ]
        except (KeyError, ValueError, LookupError) as error:
            return [Unreadable(f"inbound refused: {type(error).__name__}")]


def read_answer(status: int, body: str) -> Submitted:
    """202 is taken, also "3: Queued" while no SMS centre is there; "Temporal failure" and bad log-ins took nothing."""
    words = body.strip()[:60]
    if status == 202:
        return Submitted("accepted", code=words.partition(":")[0] or None)
    if status == 400:
        return Submitted("rejected", code=words)
    if status in (401, 403, 404) or (status == 503 and words.startswith("Temporal failure")):
        return Submitted("not-sent", code=words)
    return Submitted("unknown", code=words or str(status))


def stat_in(answer: str) -> str:
    """The carrier's code where Kannel hands an SMPP receipt's words through, else its words as they are."""
    found = re.search(r"stat:(\S+)", answer)
    return found[1] if found else answer


def raw_fields(callback: Callback) -> dict[str, bytes]:
    """The query as bytes: an answer in UCS-2 is no UTF-8, and decoding it as such would destroy it."""
    pairs = (part.partition(b"=") for part in callback.query.split(b"&") if part)
    return {name.decode("latin-1"): unquote_to_bytes(value.replace(b"+", b" ")) for name, _, value in pairs}


def _text(fields: dict[str, bytes], name: str) -> str:
    return fields[name].decode()


def _content(fields: dict[str, bytes]) -> str:
    charset = "utf-16-be" if fields.get("coding") == b"2" else _text(fields, "charset") or "utf-8"
    return fields["text"].decode(charset)


def _moment(text: str) -> datetime:
    """Kannel writes UTC without an offset; an empty one is now."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if text else clock.now()
