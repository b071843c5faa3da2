"""How failures lock a door and for how long; what a password must be."""

from dataclasses import dataclass
from datetime import date, timedelta

from shared.security.roles import HALL_ROLES

PENDING_LASTS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """`free` failures cost nothing; from then on each doubles the pause, until `forget` has passed in quiet."""

    free: int
    first: timedelta
    longest: timedelta
    forget: timedelta
    at_once: int = 1
    success_clears: bool = True

    def pause_after(self, failures: int) -> timedelta | None:
        """How long the door stays shut after this many failures in a row."""
        over = failures - self.free
        if over < 0:
            return None
        doublings: int = 1 << min(over, 20)
        return min(self.first * doublings, self.longest)

    def has_room(self, failures: int, pending: int) -> bool:
        """Whether one more attempt may be tried beside those not yet decided.

        Every attempt under way may turn out a failure: so that parallel guesses get no more tries than guesses in turn,
        only as many are let in as failures are still free; afterwards one at a time.
        """
        return pending < max(self.at_once, self.free - failures)


USER_POLICY = LockPolicy(
    free=5, first=timedelta(seconds=30), longest=timedelta(minutes=15), forget=timedelta(hours=12)
)
ADDRESS_POLICY = LockPolicy(
    free=100,
    first=timedelta(seconds=60),
    longest=timedelta(minutes=15),
    forget=timedelta(minutes=15),
    at_once=100,
    success_clears=False,  # or one account of one's own would buy endless guesses at the others
)
CLIENT_POLICY = LockPolicy(
    free=20, first=timedelta(seconds=10), longest=timedelta(minutes=5), forget=timedelta(minutes=15)
)


def is_acceptable_password(password: str, username: str) -> bool:
    """8–128 characters, not the user's name, not one character over and over."""
    return 8 <= len(password) <= 128 and password.casefold() != username.casefold() and len(set(password)) > 1


def folded_username(text: str) -> str:
    """User names ignore case and outer blanks."""
    return text.strip().casefold()


def has_left(effective_to: date | None, day: date) -> bool:
    return effective_to is not None and effective_to < day


def home_of(role: str) -> str:
    """The page somebody of this role starts on."""
    if role == "hall_manager":
        return "/customer/halls"
    if role == "admin":
        return "/customer/admin"
    return "/customer/workbench" if role in HALL_ROLES else "/kpi/board"
