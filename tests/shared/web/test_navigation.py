"""The header's entries."""

from shared.security.roles import ROLES
from shared.security.tenancy import Caller
from shared.web.navigation import places_for

OF_THE_LAYOUT = {"0", "s"}


def test_no_two_entries_share_an_access_key_or_take_one_of_the_layout() -> None:
    for role in ROLES:
        keys = [place.key for place in places_for(Caller("x", role, None, None, frozenset()))]
        assert len(keys) == len(set(keys)), role
        assert not OF_THE_LAYOUT & set(keys), role
