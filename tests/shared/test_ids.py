"""Identifiers."""

import uuid

from shared import ids


def test_ids_are_version_seven_of_the_standard_library() -> None:
    made = ids.uuid7()
    assert type(made) is uuid.UUID
    assert made.version == 7


def test_ids_made_one_after_the_other_sort_in_that_order() -> None:
    made = [ids.uuid7() for _ in range(2_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
