"""What the token endpoint reads and answers (RFC 6749 §4.4 and §5)."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from pydantic import BaseModel

from services.customer.access.errors import TokenErrorCode, TokenRefused

MAX_FIELDS, MAX_BYTES = 20, 8192
FORM = "application/x-www-form-urlencoded"
TOKEN_FORM = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "scope": {"type": "string"},
    },
}


class TokenRead(BaseModel):
    """A token as answered."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int
    scope: str


class TokenRefusal(BaseModel):
    """A refusal in the shape of the RFC; the description is for whoever writes the client."""

    error: TokenErrorCode
    error_description: str


class Jwks(BaseModel):
    """The public keys tokens are checked against (RFC 7517)."""

    keys: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request that has been read but not believed yet."""

    client_id: str
    client_secret: str
    scope: str | None


def read_token_request(content_type: str, authorization: str | None, body: bytes) -> TokenRequest:
    """Raises `TokenRefused` with the code the RFC gives to each mistake."""
    form = _form(content_type, body)
    if "grant_type" not in form:
        raise TokenRefused("invalid_request", "grant_type is missing")
    if form["grant_type"] != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "only client_credentials is supported")
    client_id, secret = _credentials(authorization, form)
    return TokenRequest(client_id, secret, form.get("scope"))


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise TokenRefused("invalid_request", f"the body must be {FORM}")
    if len(body) > MAX_BYTES:
        raise TokenRefused("invalid_request", "the form is too long")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise TokenRefused("invalid_request", "the form cannot be read") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise TokenRefused("invalid_request", "a parameter is repeated")
    return {name: value for name, value in pairs if value}


def _credentials(authorization: str | None, form: dict[str, str]) -> tuple[str, str]:
    if authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            raise TokenRefused("invalid_client", "client credentials are missing")
        return form["client_id"], form["client_secret"]
    if "client_secret" in form:
        raise TokenRefused("invalid_request", "credentials are given twice")
    client_id, secret = _basic(authorization)
    if form.get("client_id", client_id) != client_id:
        raise TokenRefused("invalid_request", "client_id is given twice")
    return client_id, secret


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        client_id, separator, secret = (
            base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        raise TokenRefused("invalid_client", "the Authorization header cannot be read") from None
    if not separator or scheme.lower() != "basic":
        raise TokenRefused("invalid_client", "the Authorization header cannot be read")
    return unquote_plus(client_id), unquote_plus(secret)
