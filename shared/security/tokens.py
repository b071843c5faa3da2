"""Access tokens and sessions: EdDSA JWTs that every service verifies by itself.

Keys come from the house's key ring or from an issuer's JWKS; a verified token is remembered until it expires.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, KeySetSerialization, import_key
from joserfc.jws import JWSRegistry

from shared import clock, ids
from shared.errors import Unauthenticated, Unavailable
from shared.keyring import KeyRing
from shared.security import roles
from shared.security.tenancy import Caller

Use = Literal["access", "session"]

LEEWAY = 60
REMEMBERED = 4096
_HOUSE = ("EdDSA", "Ed25519")
_ELSEWHERE = (*_HOUSE, "RS256", "PS256", "ES256")


class InvalidToken(Unauthenticated):
    code = "invalid-token"
    title = "令牌无效"
    detail = "访问令牌无效或已过期，请重新获取令牌或重新登录。"


class Keys(Protocol):
    """Where public keys are looked up."""

    @property
    def algorithms(self) -> tuple[str, ...]: ...

    async def find(self, kid: str | None) -> Key | None: ...


class _Registry(JWSRegistry):
    """`EdDSA` is the name every JWT library knows; RFC 9864 would have us call it `Ed25519`. We take both."""

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()) or name not in self.algorithms:
            raise InvalidToken
        return self.algorithms[name]


def issue(
    keys: KeyRing,
    *,
    subject: str,
    role: str,
    issuer: str,
    lifetime: int,
    county: str | None = None,
    hall: str | None = None,
    scopes: frozenset[str] | None = None,
    name: str | None = None,
    use: Use = "access",
    session_version: int = 0,
) -> str:
    """A signed token valid for `lifetime` seconds from now. Without `scopes` it holds what the role holds."""
    jwk = keys.signing_key
    issued = int(clock.now().timestamp())
    claims: dict[str, Any] = {
        "sub": subject, "role": role, "county": county, "hall": hall, "name": name, "iss": issuer,
        "scope": None if scopes is None else " ".join(sorted(scopes)), "use": None if use == "access" else use,
        "ver": session_version or None, "iat": issued, "exp": issued + lifetime, "jti": ids.uuid7().hex,
    }  # fmt: skip
    header = {"alg": "EdDSA", "kid": jwk["kid"]}
    given = {key: value for key, value in claims.items() if value is not None}
    return jwt.encode(header, given, import_key(dict(jwk)), registry=_Registry(algorithms=_HOUSE))


class RingKeys:
    """Public keys of the house's own ring."""

    algorithms: tuple[str, ...] = _HOUSE

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def find(self, kid: str | None) -> Key | None:
        return _find(self._ring.jwks(), kid)


class IssuerKeys:
    """Public keys from an issuer's JWKS: fetched when first needed, again each hour and for an unknown key id.

    While the issuer is away the keys already known stay good.
    """

    algorithms: tuple[str, ...] = _ELSEWHERE
    KEEP, RETRY = 3600.0, 10.0

    def __init__(self, url: str, http: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url, self._http, self._monotonic = url, http, monotonic
        self._jwks: dict[str, Any] | None = None
        self._fetched = self._tried = -self.KEEP

    async def find(self, kid: str | None) -> Key | None:
        if self._jwks is None or self._monotonic() - self._fetched > self.KEEP:
            await self._refresh()
        key = _find(self._jwks, kid)
        if key is None and await self._refresh():
            key = _find(self._jwks, kid)
        return key

    async def _refresh(self) -> bool:
        """Fetch at most once in `RETRY` seconds, so that invented key ids cannot make us hammer the issuer."""
        if self._monotonic() - self._tried < self.RETRY:
            return False
        self._tried = self._monotonic()
        try:
            answer = await self._http.get(self._url, timeout=5)
            answer.raise_for_status()
            self._jwks = answer.json()
            self._fetched = self._tried
        except Exception as error:
            if self._jwks is None:
                self._tried = -self.KEEP
                raise Unavailable(retry_after=5) from error
        return True


class Verifier:
    """Tokens in, callers out. Raises 401 `invalid-token`, or 503 while no key can be had."""

    def __init__(self, keys: Keys, *, audience: str | None = None) -> None:
        self._keys, self._audience = keys, audience
        self._known: OrderedDict[bytes, tuple[float, Use, Caller]] = OrderedDict()

    async def verify(self, token: str, use: Use = "access") -> Caller:
        return self.remembered(token, use) or await self._verify(token, use)

    def remembered(self, token: str, use: Use = "access") -> Caller | None:
        """The caller of a token verified before and not expired since."""
        known = self._known.get(_digest(token))
        if known is None or known[1] != use:
            return None
        if clock.now().timestamp() >= known[0]:
            self._known.pop(_digest(token), None)
            return None
        return known[2]

    async def _verify(self, token: str, use: Use) -> Caller:
        claims = await self._claims(token)
        now = clock.now().timestamp()
        expires, starts = claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
        if not isinstance(expires, int | float) or not isinstance(starts, int | float):
            raise InvalidToken
        if now >= expires + LEEWAY or starts > now + LEEWAY or claims.get("use", "access") != use:
            raise InvalidToken
        caller = _caller(claims)
        self._remember(token, expires + LEEWAY, use, caller)
        return caller

    async def _claims(self, token: str) -> dict[str, Any]:
        kid = _key_id(token)
        key = await self._keys.find(kid)
        if key is None:
            raise InvalidToken
        registry = _Registry(algorithms=self._keys.algorithms, strict_check_header=False)
        try:
            claims = dict(jwt.decode(token, key, registry=registry).claims)
        except (JoseError, ValueError, TypeError) as error:
            raise InvalidToken from error
        audiences = claims.get("aud", [])
        if self._audience and self._audience not in (
            [audiences] if isinstance(audiences, str) else audiences
        ):
            raise InvalidToken
        return claims

    def _remember(self, token: str, until: float, use: Use, caller: Caller) -> None:
        self._known[_digest(token)] = (until, use, caller)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _key_id(token: str) -> str | None:
    if len(token) > 8192:
        raise InvalidToken
    try:
        kid = jws.extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidToken from error
    return kid if isinstance(kid, str) else None


def _find(jwks: Mapping[str, Any] | None, kid: str | None) -> Key | None:
    """The key of that id; a token without one may use the only key there is."""
    known = [k for k in (jwks or {}).get("keys", []) if k.get("use", "sig") == "sig"]
    fitting = [k for k in known if k.get("kid") == kid] if kid else known
    if len(fitting) != 1:
        return None
    keys: KeySetSerialization = {"keys": fitting}
    return KeySet.import_key_set(keys).keys[0]


def _caller(claims: Mapping[str, Any]) -> Caller:
    texts = {name: claims.get(name) for name in ("sub", "role", "county", "hall", "scope", "name")}
    if any(value is not None and not isinstance(value, str) for value in texts.values()):
        raise InvalidToken
    subject, role, scope, version = texts["sub"], texts["role"], texts["scope"], claims.get("ver", 0)
    if not subject or role not in roles.SCOPES_OF or not isinstance(version, int):
        raise InvalidToken
    return Caller(
        subject=subject,
        role=role,
        county=texts["county"] or None,
        hall=texts["hall"] or None,
        scopes=roles.scopes_of(role, None if scope is None else scope.split()),
        display=texts["name"] or subject,
        session_version=version,
    )
