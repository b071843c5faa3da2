"""Identifiers: UUIDv7, so that keys sort by the moment they were made and indexes grow at one end."""

import uuid

import uuid6


def uuid7() -> uuid.UUID:
    """A new time-ordered id; ids made one after the other in a process never sort backwards."""
    return uuid.UUID(int=uuid6.uuid7().int)
