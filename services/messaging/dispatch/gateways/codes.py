"""Carriers' codes and what they come to. A code nobody is sure of is `other`: a wrong guess would silence a customer.

China Mobile publishes no list; these are from the lists of its partners, and the numbers after MI: and MK: are those
of the mobile application part (1 unknown subscriber, 13 barred, 27 absent).
"""

from services.messaging.dispatch.ports import Failure

FAILURES: dict[str, Failure] = {
    "DB:0138": "other",
    "DB:0139": "limited",
    "DB:0140": "other",
    "DB:0141": "blacklisted",
    "DB:0142": "limited",
    "DB:0143": "limited",
    "DB:0144": "blacklisted",
    "DB:0145": "blacklisted",
    "DB:0146": "blacklisted",
    "IB:0100": "other",
    "MC:0001": "account",
    "MI:0001": "number-dead",
    "MK:0001": "number-dead",
    "MI:0013": "unreachable",
    "MK:0013": "unreachable",
    "MI:0024": "unreachable",
    "MI:0027": "unreachable",
    "MK:0027": "unreachable",
    "EXPIRED": "unreachable",
}


def failure_of(code: str | None) -> Failure:
    """The kind of failure behind a carrier's code."""
    return FAILURES.get((code or "").strip().upper(), "other")
