"""Which fields of a record are compared with the truth."""

from collections.abc import Mapping
from enum import StrEnum


class Checked(StrEnum):
    """A field of the archive that can be right or wrong."""

    NAME = "name"
    PHONE = "phone"
    BRAND = "brand"
    AGE_BAND = "age_band"
    SPEND_BAND = "spend_band"
    GENDER = "gender"
    HABITS = "habits"
    PREFERENCES = "preferences"


def ratio(found: Mapping[Checked, bool]) -> tuple[int, int]:
    """How many of the fields that were looked at are right, and how many were looked at."""
    return sum(found.values()), len(found)
