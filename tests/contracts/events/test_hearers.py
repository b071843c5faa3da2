"""The published language names everyone who listens."""

import importlib
import pkgutil
from collections.abc import Iterator

import services
from shared.events.base import Event


def heard() -> Iterator[tuple[str, type[Event]]]:
    """Each service with each event that a `HANDLERS` table of it waits for."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.endswith(".handlers"):
            for event in importlib.import_module(module.name).HANDLERS:
                yield module.name.split(".")[1], event


def test_who_handles_an_event_is_named_among_its_hearers() -> None:
    unnamed = {(service, event.topic) for service, event in heard() if service not in event.heard_by}
    assert unnamed == set()


def test_no_service_waits_for_what_only_it_says() -> None:
    talking_to_itself = {(service, event.topic) for service, event in heard() if event.speakers == (service,)}
    assert talking_to_itself == set()
