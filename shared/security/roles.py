"""The roles and the scopes each of them holds. Pure data: use cases that issue tokens may import it."""

from collections.abc import Iterable

HALL_ROLES = frozenset({"pos", "clerk", "hall_manager"})
COUNTY_ROLES = frozenset({"county_manager"})
OFFICE_ROLES = frozenset({"regional_office", "auditor", "admin"})
MACHINE_ROLES = frozenset({"pos", "gateway"})


def _scopes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_READ = _scopes(
    "customers:read consents:read directory:read products:read recommendations:read activations:read scripts:read "
    "surveys:read contracts:read reports:read facilities:read messages:read templates:read campaigns:read "
    "calendar:read tickets:read work_orders:read policies:read scores:read schemes:read"
)
_COUNTER = _READ | _scopes(
    "customers:write consents:write touches:write recommendations:write activations:write surveys:write "
    "scripts:use contracts:write reports:write messages:write tickets:write"
)
_HALL_LEAD = _COUNTER | _scopes(
    "imports:write purges:write facilities:write personal_data:read handovers:write scripts:write campaigns:write "
    "suppressions:write work_orders:write spot_checks:write training:write phone:reveal"
)
_COUNTY_LEAD = _HALL_LEAD | _scopes(
    "products:write templates:write campaigns:approve targets:write rewards:write policies:write "
    "scripts:approve surveys:define directory:write feeds:read proofs:read access_log:read"
)
_OFFICE = _COUNTY_LEAD | _scopes(
    "wordings:write schemes:write periods:write calendar:write reply_words:write tiers:write invariants:read"
)
_ADMIN = _OFFICE | _scopes("clients:write users:write gateways:write")

SCOPES_OF: dict[str, frozenset[str]] = {
    "pos": _COUNTER | {"imports:write", "work_orders:write"},
    "clerk": _COUNTER | {"phone:reveal"},
    "hall_manager": _HALL_LEAD,
    "county_manager": _COUNTY_LEAD,
    "regional_office": _OFFICE,
    "gateway": frozenset({"receipts:write"}),
    "auditor": _READ | {"access_log:read", "feeds:read", "proofs:read", "invariants:read"},
    "admin": _ADMIN,
}
ROLES: tuple[str, ...] = tuple(SCOPES_OF)
SCOPES: frozenset[str] = frozenset().union(*SCOPES_OF.values())


def scopes_of(role: str, wanted: Iterable[str] | None = None) -> frozenset[str]:
    """What a role holds; with `wanted`, only the part of it that was asked for. An unknown role holds nothing."""
    held = SCOPES_OF.get(role, frozenset())
    return held if wanted is None else held & frozenset(wanted)
