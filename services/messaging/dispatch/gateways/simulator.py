"""The simulator of `deploy/simulator.py`, and any sender of the same small JSON: signed callbacks, status on demand."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import orjson
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, ValidationError

from services.messaging.config import GatewaySettings
from services.messaging.dispatch.gateways.codes import failure_of
from services.messaging.dispatch.gateways.http import nothing_was_sent, post
from services.messaging.dispatch.gateways.webhooks import is_signed
from services.messaging.dispatch.ports import (
    Callback,
    GatewayAway,
    Inbound,
    Receipt,
    Submission,
    Submitted,
    Unreadable,
)
from shared.keyring import KeyRing

Id = Annotated[str, StringConstraints(min_length=1, max_length=120)]
NEVER_GOT_IT = "message-not-found"
NOT_TAKEN = "not-taken"


class ReceiptBody(BaseModel):
    """One receipt as it is posted; `segment` 0 is the whole message."""

    message_id: UUID | None = None
    gateway_message_id: Id | None = None
    status: Literal["accepted", "delivered", "failed", "rejected"]
    segment: int = Field(0, ge=0, le=255)
    segments: int = Field(1, ge=1, le=255)
    code: Annotated[str, StringConstraints(max_length=60)] | None = None
    at: AwareDatetime

    def to_receipt(self) -> Receipt:
        return Receipt(
            said=self.status, at=self.at, message_id=self.message_id, gateway_message_id=self.gateway_message_id,
            segment=self.segment, segments=self.segments, code=self.code,
            failure=failure_of(self.code) if self.status in ("failed", "rejected") else None,
        )  # fmt: skip


class InboundBody(BaseModel):
    """One message from a phone as it is posted."""

    id: Id
    sender: Annotated[str, StringConstraints(max_length=40)] = Field(alias="from", repr=False)
    to: Annotated[str, StringConstraints(max_length=40)]
    text: Annotated[str, StringConstraints(max_length=2000)] = Field(repr=False)
    at: AwareDatetime

    def to_inbound(self) -> Inbound:
        return Inbound(inbound_id=self.id, sender=self.sender, to=self.to, text=self.text, at=self.at)


class SimulatorGateway:
    """A `Gateway` over HTTP and JSON."""

    can_be_asked = True
    at_hand = True

    def __init__(
        self, name: str, settings: GatewaySettings, http: httpx.AsyncClient, keyring: KeyRing
    ) -> None:
        self._http, self._timeout, self._url = http, settings.timeout, settings.url.rstrip("/")
        self._sender, self._door = settings.sender, httpx.URL(f"{self._url}/v1/messages")
        self._headers = {"authorization": f"Bearer {keyring.secret(f'gateway:{name}:submit')}"}
        self._submits = {**self._headers, "content-type": "application/json"}
        self._secrets = (keyring.secret(f"gateway:{name}"), keyring.secret(f"gateway:{name}:next"))

    async def submit(self, submission: Submission) -> Submitted:
        body = {
            "id": str(submission.message_id),
            "to": submission.to,
            "from": self._sender,
            "text": submission.text,
        }
        try:
            answer = await post(self._http, self._door, orjson.dumps(body), self._submits, self._timeout)
        except httpx.TransportError as error:
            result = "not-sent" if nothing_was_sent(error) else "unknown"
            return Submitted(result, code=type(error).__name__)  # type: ignore[arg-type]
        return read_answer(answer)

    async def query(self, message_id: UUID) -> Receipt | None:
        try:
            answer = await self._http.get(
                f"{self._url}/v1/messages/{message_id}", headers=self._headers, timeout=self._timeout
            )
        except httpx.TransportError as error:
            raise GatewayAway from error
        content = _json(answer.content)
        if answer.status_code == 404 and content.get("code") == NEVER_GOT_IT:
            return None
        try:
            return ReceiptBody.model_validate(content).to_receipt()
        except ValidationError as error:
            raise GatewayAway from error

    def admits(self, callback: Callback) -> bool:
        return is_signed(callback, self._secrets)

    def parse_receipts(self, callback: Callback) -> list[Receipt | Unreadable]:
        return [_read(ReceiptBody, element, ReceiptBody.to_receipt) for element in _elements(callback.body)]

    def parse_inbound(self, callback: Callback) -> list[Inbound | Unreadable]:
        return [_read(InboundBody, element, InboundBody.to_inbound) for element in _elements(callback.body)]


def read_answer(answer: httpx.Response) -> Submitted:
    """202 took it, 422 refused it for good, 429 and our own `not-taken` took nothing; the rest leaves doubt."""
    content, status = _json(answer.content), answer.status_code
    code = str(content.get("code") or status)[:60]
    if status == 202:
        return Submitted("accepted", gateway_message_id=str(content.get("id") or "")[:120] or None)
    if status == 422:
        return Submitted("rejected", code=code, failure=failure_of(code))
    if status in (401, 403, 404, 429) or content.get("code") == NOT_TAKEN:
        return Submitted("not-sent", code=code, slow_down=_retry_after(answer))
    return Submitted("unknown", code=code)


def _retry_after(answer: httpx.Response) -> timedelta | None:
    seconds = answer.headers.get("retry-after", "")
    return timedelta(seconds=int(seconds)) if seconds.isdigit() else None


def _json(content: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _elements(body: bytes) -> list[Any]:
    """An object, or an array of them."""
    try:
        parsed = orjson.loads(body)
    except ValueError:
        return [None]
    return parsed if isinstance(parsed, list) else [parsed]


def _read(model: Any, element: Any, convert: Any) -> Any:
    try:
        return convert(model.model_validate(element))
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, e["loc"])) or "?" for e in error.errors()[:5])
        return Unreadable(f"fields refused: {fields}")
