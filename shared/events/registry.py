"""Which event travels on which topic. A topic is the event's name; whatever is not here is not said."""

from collections.abc import Iterator
from types import ModuleType

from shared.events import complaints, customer, kpi, messaging
from shared.events.base import Event

SPEAKERS: dict[str, ModuleType] = {
    "customer": customer,
    "messaging": messaging,
    "complaints": complaints,
    "kpi": kpi,
}


class UnknownTopic(LookupError):
    """No event of the house has this name."""


def _spoken(module: ModuleType) -> Iterator[type[Event]]:
    """The module's own events; bases that only share fields have no topic."""
    for item in vars(module).values():
        if isinstance(item, type) and issubclass(item, Event) and "topic" in vars(item):
            yield item


EVENTS: dict[str, type[Event]] = {
    event.topic: event for module in SPEAKERS.values() for event in _spoken(module)
}


def event_type(topic: str) -> type[Event]:
    """The event class of `topic`."""
    try:
        return EVENTS[topic]
    except KeyError:
        raise UnknownTopic(topic) from None


def parse(topic: str, value: bytes | str) -> Event:
    """The event in a message; UnknownTopic, or pydantic's ValidationError when the value is not it."""
    return event_type(topic).from_json(value)
