"""A token tells who calls and nothing else does; keys may rotate and issuers may be away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, import_key

from shared import clock
from shared.errors import Unavailable
from shared.keyring import KeyRing
from shared.security import tokens
from shared.security.roles import SCOPES_OF
from shared.security.tenancy import Area
from shared.security.tokens import InvalidToken, IssuerKeys, RingKeys, Verifier


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.generate()


def a_token(ring: KeyRing, **claims: Any) -> str:
    given: dict[str, Any] = {
        "subject": "pos-1",
        "role": "pos",
        "hall": "ZZ01",
        "county": "zizhong",
        "lifetime": 600,
    }
    return tokens.issue(ring, issuer="http://hall.test", **{**given, **claims})


def signed(ring: KeyRing, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token with exactly these claims, signed by the ring."""
    now = int(clock.now().timestamp())
    given = {"sub": "pos-1", "role": "pos", "iat": now, "exp": now + 60, **claims}
    registry = tokens._Registry(algorithms=("EdDSA", "Ed25519"))
    return jwt.encode(
        {"alg": "EdDSA", "kid": ring.signing_key["kid"], **(header or {})},
        {k: v for k, v in given.items() if v is not None},
        import_key(dict(ring.signing_key)),
        registry=registry,
    )


async def test_a_token_comes_back_as_its_caller(ring: KeyRing) -> None:
    caller = await Verifier(RingKeys(ring)).verify(a_token(ring, name="一号终端"))
    assert (caller.subject, caller.role, caller.hall, caller.county) == ("pos-1", "pos", "ZZ01", "zizhong")
    assert caller.scopes == SCOPES_OF["pos"]
    assert caller.display == "一号终端"
    assert caller.area == Area(county="zizhong", hall="ZZ01")


async def test_a_token_holds_no_scope_its_role_does_not_hold(ring: KeyRing) -> None:
    token = a_token(ring, scopes=frozenset({"customers:read", "clients:write", "nonsense"}))
    assert (await Verifier(RingKeys(ring)).verify(token)).scopes == {"customers:read"}


async def test_a_session_is_no_access_token_and_the_other_way_round(ring: KeyRing) -> None:
    verifier = Verifier(RingKeys(ring))
    session, access = a_token(ring, use="session"), a_token(ring)
    await verifier.verify(session, "session")
    await verifier.verify(access, "access")
    with pytest.raises(InvalidToken):
        await verifier.verify(session, "access")
    with pytest.raises(InvalidToken):
        await verifier.verify(access, "session")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"sub": 7},
        {"role": "king"},
        {"role": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1},
        {"nbf": 9_999_999_999},
        {"iat": 9_999_999_999},
        {"hall": ["ZZ01", "ZZ02"]},
        {"scope": ["customers:read"]},
    ],
)
async def test_odd_claims_are_refused(ring: KeyRing, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        await Verifier(RingKeys(ring)).verify(signed(ring, **claims))


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "é.b.c", "x" * 9000, "..", "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_is_refused(ring: KeyRing, token: str) -> None:
    with pytest.raises(InvalidToken):
        await Verifier(RingKeys(ring)).verify(token)


async def test_another_rings_signature_and_a_changed_payload_are_refused(ring: KeyRing) -> None:
    verifier = Verifier(RingKeys(ring))
    head, _payload, signature = a_token(ring).split(".")
    admin = a_token(ring, role="admin").split(".")[1]
    stranger = KeyRing.generate()
    forged = signed(stranger, header={"kid": ring.signing_key["kid"]})
    for token in (forged, signed(stranger), f"{head}.{admin}.{signature}"):
        with pytest.raises(InvalidToken):
            await verifier.verify(token)


async def test_the_public_key_is_no_shared_secret(ring: KeyRing) -> None:
    public = OctKey.import_key(ring.signing_key["x"])
    kid = ring.signing_key["kid"]
    forged = jwt.encode(
        {"alg": "HS256", "kid": kid}, {"sub": "x", "role": "admin", "exp": 9_999_999_999}, public
    )
    with pytest.raises(InvalidToken):
        await Verifier(RingKeys(ring)).verify(forged)


async def test_a_remembered_token_ends_with_its_life(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, token, start = Verifier(RingKeys(ring)), a_token(ring, lifetime=600), clock.now()
    assert verifier.remembered(token) is None
    await verifier.verify(token)
    assert verifier.remembered(token) is not None
    assert verifier.remembered(token, "session") is None
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=600 + tokens.LEEWAY))
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


async def test_tokens_of_the_old_key_stay_good_after_a_rotation(ring: KeyRing) -> None:
    old, rotated = a_token(ring), ring.with_new_token_key()
    verifier = Verifier(RingKeys(rotated))
    assert await verifier.verify(old) == await verifier.verify(a_token(rotated))


class Issuer:
    """Another process's JWKS, with a count of who asked and a switch."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring, self.asked, self.down, self.seconds = ring, 0, False, 0.0
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(503) if self.down else httpx.Response(200, json=self.ring.jwks())

    def keys(self, monotonic: Callable[[], float] | None = None) -> IssuerKeys:
        return IssuerKeys("http://issuer.test/jwks.json", self.http, monotonic or (lambda: self.seconds))


@pytest.fixture
def issuer(ring: KeyRing) -> Issuer:
    return Issuer(ring)


async def test_the_issuers_keys_are_fetched_once_for_many_tokens(ring: KeyRing, issuer: Issuer) -> None:
    verifier = Verifier(issuer.keys())
    for _ in range(5):
        await verifier.verify(a_token(ring))
    assert issuer.asked == 1


async def test_a_new_key_of_the_issuer_is_found(ring: KeyRing, issuer: Issuer) -> None:
    verifier = Verifier(issuer.keys())
    await verifier.verify(a_token(ring))
    issuer.ring, issuer.seconds = ring.with_new_token_key(), 30
    await verifier.verify(a_token(issuer.ring))
    assert issuer.asked == 2


async def test_invented_key_ids_do_not_hammer_the_issuer(ring: KeyRing, issuer: Issuer) -> None:
    verifier = Verifier(issuer.keys())
    for number in range(20):
        with pytest.raises(InvalidToken):
            await verifier.verify(signed(ring, header={"kid": f"invented-{number}"}))
    assert issuer.asked == 1


async def test_known_keys_stay_good_while_the_issuer_is_away(ring: KeyRing, issuer: Issuer) -> None:
    verifier = Verifier(issuer.keys())
    await verifier.verify(a_token(ring))
    issuer.down, issuer.seconds = True, 7200
    await verifier.verify(a_token(ring, subject="pos-2"))
    assert issuer.asked == 2


async def test_without_any_key_the_answer_is_later_not_no(ring: KeyRing, issuer: Issuer) -> None:
    issuer.down = True
    verifier = Verifier(issuer.keys())
    with pytest.raises(Unavailable):
        await verifier.verify(a_token(ring))
    issuer.down = False
    await verifier.verify(a_token(ring))


async def test_a_token_meant_for_somebody_else_is_refused(ring: KeyRing) -> None:
    verifier = Verifier(RingKeys(ring), audience="hall")
    await verifier.verify(signed(ring, aud=["hall", "other"]))
    for audience in ("other", None, ["other"]):
        with pytest.raises(InvalidToken):
            await verifier.verify(signed(ring, aud=audience))
