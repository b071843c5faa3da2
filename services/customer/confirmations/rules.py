"""How a code is made, what it is bound to, and how long and how often it may be tried (C1)."""

import hmac
from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from services.customer.consent.rules import Purpose

DIGITS = 6
LIVES = timedelta(minutes=10)
MOST_ATTEMPTS = 5
MOST_A_DAY = 5


def new_code(randbelow: Callable[[int], int]) -> str:
    """Six digits; `randbelow` is `secrets.randbelow` outside of tests."""
    return f"{randbelow(10**DIGITS):0{DIGITS}d}"


def in_order(purposes: Iterable[Purpose]) -> list[Purpose]:
    """Each once, in the order of the ledger: two ways of asking for the same are the same."""
    asked = set(purposes)
    return [purpose for purpose in Purpose if purpose in asked]


def fingerprint(
    key: str, code: str, *, code_id: UUID, customer_id: UUID, purposes: Iterable[str], wording_version: str
) -> str:
    """What is kept of a code: a keyed hash of it with everything it is bound to. Any other binding is another hash."""
    bound = "\n".join((str(code_id), str(customer_id), ",".join(purposes), wording_version, code.strip()))
    return hmac.digest(key.encode(), bound.encode(), "sha256").hex()


def same(one: str, other: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(one, other)
