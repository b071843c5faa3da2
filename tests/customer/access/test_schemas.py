"""Reading a token request: what RFC 6749 allows, and the code of every mistake."""

import base64

import pytest

from services.customer.access.errors import TokenRefused
from services.customer.access.schemas import FORM, read_token_request

BASIC = "Basic " + base64.b64encode(b"pos-1:s%2Bcret").decode()


def test_credentials_are_read_from_the_body() -> None:
    body = b"grant_type=client_credentials&client_id=pos-1&client_secret=s%2Bcret&scope=a%20b"
    asked = read_token_request(f"{FORM}; charset=utf-8", None, body)
    assert (asked.client_id, asked.client_secret, asked.scope) == ("pos-1", "s+cret", "a b")


def test_credentials_are_read_from_the_header_and_decoded() -> None:
    asked = read_token_request(FORM, BASIC, b"grant_type=client_credentials&scope=")
    assert (asked.client_id, asked.client_secret, asked.scope) == ("pos-1", "s+cret", None)


@pytest.mark.parametrize(
    ("content_type", "authorization", "body", "error"),
    [
        ("application/json", None, b"{}", "invalid_request"),
        (FORM, None, b"", "invalid_request"),
        (FORM, None, b"\xff=1", "invalid_request"),
        (FORM, None, b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        (FORM, None, b"&".join(b"a%d=1" % i for i in range(30)), "invalid_request"),
        (FORM, None, b"x=" + b"1" * 9000, "invalid_request"),
        (FORM, None, b"grant_type=password&username=a&password=b", "unsupported_grant_type"),
        (FORM, None, b"grant_type=client_credentials", "invalid_client"),
        (FORM, None, b"grant_type=client_credentials&client_id=pos-1", "invalid_client"),
        (FORM, "Bearer x", b"grant_type=client_credentials", "invalid_client"),
        (FORM, "Basic !!", b"grant_type=client_credentials", "invalid_client"),
        (
            FORM,
            "Basic " + base64.b64encode(b"pos-1").decode(),
            b"grant_type=client_credentials",
            "invalid_client",
        ),
        (FORM, BASIC, b"grant_type=client_credentials&client_secret=x", "invalid_request"),
        (FORM, BASIC, b"grant_type=client_credentials&client_id=other", "invalid_request"),
    ],
)
def test_every_mistake_has_the_code_of_the_rfc(
    content_type: str, authorization: str | None, body: bytes, error: str
) -> None:
    with pytest.raises(TokenRefused) as refused:
        read_token_request(content_type, authorization, body)
    assert refused.value.error == error
