"""Proof of origin for gateways that cannot sign: a secret in the path, and an address they are known to post from."""

import hmac
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from services.messaging.dispatch.ports import Callback
from shared.keyring import KeyRing


class PathSecret:
    """One gateway's secret and the networks it may post from; a second secret holds while the first is changed."""

    def __init__(self, name: str, sources: Sequence[str], keyring: KeyRing) -> None:
        named = (f"gateway:{name}:callback", f"gateway:{name}:callback:next")
        self._secrets = [path_secret(keyring.secret(secret)) for secret in named]
        self._networks = [ip_network(source) for source in sources]

    @property
    def current(self) -> str:
        """The one that stands in the addresses we give out."""
        return self._secrets[0]

    def admits(self, callback: Callback) -> bool:
        given = (callback.secret or "").encode()
        known = any(hmac.compare_digest(given, secret.encode()) for secret in self._secrets)
        return known and self._is_near(callback.address)

    def _is_near(self, address: str) -> bool:
        try:
            return any(ip_address(address) in network for network in self._networks)
        except ValueError:
            return False


def path_secret(secret: str) -> str:
    """A secret in the form in which it stands in a path."""
    return secret.replace("/", "_").replace("+", "-").rstrip("=")
