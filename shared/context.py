"""Who is behind the work in hand: ids that follow one request through logs, events and the next service."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)
actor: ContextVar[str | None] = ContextVar("actor", default=None)


@contextmanager
def working_for(
    *, correlation: str | None = None, causation: str | None = None, by: str | None = None
) -> Iterator[None]:
    """Set the ids for the block; events added inside carry them."""
    tokens = [
        (var, var.set(value))
        for var, value in ((correlation_id, correlation), (causation_id, causation), (actor, by))
    ]
    try:
        yield
    finally:
        for var, token in tokens:
            var.reset(token)
