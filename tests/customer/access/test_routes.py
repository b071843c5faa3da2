"""Tokens over HTTP: who gets one, what is in it, and how guesses are slowed down."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.customer.access import usecases
from services.customer.access.rules import CLIENT_POLICY
from shared import clock
from shared.runtime import Runtime
from tests.customer.access.people import SECRET, a_client, hasher_of

pytestmark = pytest.mark.usefixtures("organisation")

TOKEN = "/customer/v1/oauth/token"
GRANT = {"grant_type": "client_credentials"}


async def ask(
    guest: httpx.AsyncClient, secret: str = SECRET, client_id: str = "pos-zz01", **more: str
) -> httpx.Response:
    return await guest.post(TOKEN, data={**GRANT, "client_id": client_id, "client_secret": secret, **more})


async def test_a_token_carries_role_and_place_and_opens_the_api(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_client(runtime)
    answer = await guest.post(TOKEN, data=GRANT, auth=("pos-zz01", SECRET))
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert "customers:write" in body["scope"].split()
    caller = await runtime.verifier.verify(body["access_token"])
    assert (caller.subject, caller.role, caller.hall, caller.county) == ("pos-zz01", "pos", "ZZ01", "zizhong")
    listed = await guest.get(
        "/customer/v1/halls", headers={"authorization": f"Bearer {body['access_token']}"}
    )
    assert [hall["code"] for hall in listed.json()["items"]] == ["ZZ01"]


async def test_a_narrowed_token_may_do_only_what_was_asked_for(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_client(runtime)
    body = (await ask(guest, scope="customers:read phone:reveal")).json()
    assert body["scope"] == "customers:read"
    answer = await guest.get(
        "/customer/v1/halls", headers={"authorization": f"Bearer {body['access_token']}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_the_published_keys_verify_the_token(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_client(runtime)
    head, body, signature = (await ask(guest)).json()["access_token"].split(".")
    published = (await guest.get("/customer/.well-known/jwks.json")).json()["keys"]
    assert all("d" not in key for key in published)
    header, claims = (json.loads(decoded(part)) for part in (head, body))
    key = next(key for key in published if key["kid"] == header["kid"])
    Ed25519PublicKey.from_public_bytes(decoded(key["x"])).verify(
        decoded(signature), f"{head}.{body}".encode()
    )
    assert (header["alg"], claims["sub"], claims["hall"]) == ("EdDSA", "pos-zz01", "ZZ01")
    assert claims["iss"] == "http://hall.test"


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize(
    ("client_id", "secret"), [("pos-zz01", "wrong"), ("nobody", SECRET), ("pos-off", SECRET)]
)
async def test_wrong_secret_unknown_and_disabled_client_get_the_same_answer(
    guest: httpx.AsyncClient, runtime: Runtime, client_id: str, secret: str
) -> None:
    await a_client(runtime)
    await a_client(runtime, "pos-off")
    async with runtime.database.transaction() as session:
        await usecases.disable_client(session, "pos-off", now=clock.now())
    answer = await ask(guest, secret, client_id)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.json()["error_description"] == "unknown client or wrong secret"
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("data", "error"),
    [({}, "invalid_request"), ({"grant_type": "password"}, "unsupported_grant_type")],
)
async def test_other_mistakes_are_400_in_the_shape_of_the_rfc(
    guest: httpx.AsyncClient, data: dict[str, str], error: str
) -> None:
    answer = await guest.post(TOKEN, data=data or {"x": "1"})
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["content-type"] == "application/json"


async def test_a_scope_nobody_holds_is_refused(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_client(runtime)
    answer = await ask(guest, scope="no:such")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_both_secrets_are_good_while_a_client_changes_over(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_client(runtime)
    hashed = await hasher_of(runtime).hash("the next secret")
    command = usecases.RotateClientSecret("pos-zz01", hashed, timedelta(hours=1))
    async with runtime.database.transaction() as session:
        await usecases.rotate_client_secret(session, command, now=clock.now())
    assert [(await ask(guest, secret)).status_code for secret in (SECRET, "the next secret", "x")] == [
        200,
        200,
        401,
    ]


async def test_guessing_a_secret_is_locked_out_and_honest_clients_in_a_crowd_are_not(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_client(runtime)
    crowd = await asyncio.gather(*(ask(guest) for _ in range(50)))
    assert {answer.status_code for answer in crowd} == {200}
    for _ in range(CLIENT_POLICY.free):
        assert (await ask(guest, "guess")).status_code == 401
    locked = await ask(guest)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked-out")
    assert 1 <= int(locked.headers["retry-after"]) <= 10


async def test_a_success_clears_the_failures_before_it(
    guest: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_client(runtime)
    for _ in range(CLIENT_POLICY.free):
        await ask(guest, "guess")
    later = datetime.now(UTC) + timedelta(seconds=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await ask(guest)).status_code == 200
    assert [(await ask(guest, "guess")).status_code for _ in range(3)] == [401, 401, 401]
    assert (await ask(guest)).status_code == 200
