"""The published language as it was agreed: one committed example of every event."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.events import EVENTS

HERE = Path(__file__).parent
TOPICS = sorted(EVENTS)


def golden(topic: str) -> str:
    return (HERE / f"{topic}.json").read_text(encoding="utf-8")


def pretty(value: bytes) -> str:
    return json.dumps(json.loads(value), indent=2, ensure_ascii=False) + "\n"


def members(schema: dict[str, Any]) -> Iterator[str]:
    """Every member's name anywhere in a JSON schema."""
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {})


def test_every_event_has_one_example_and_every_example_an_event() -> None:
    assert sorted(path.stem for path in HERE.glob("*.json")) == TOPICS


@pytest.mark.parametrize("topic", TOPICS)
def test_an_example_is_read_and_said_again_to_the_letter(topic: str) -> None:
    event = EVENTS[topic].from_json(golden(topic))
    assert pretty(event.to_json()) == golden(topic)


@pytest.mark.parametrize("topic", TOPICS)
def test_what_a_later_speaker_adds_is_ignored(topic: str) -> None:
    later = json.loads(golden(topic)) | {"added_later": {"anything": [1]}}
    assert EVENTS[topic].from_json(json.dumps(later)) == EVENTS[topic].from_json(golden(topic))


@pytest.mark.parametrize("topic", TOPICS)
def test_what_an_earlier_speaker_did_not_know_may_be_missing(topic: str) -> None:
    event = EVENTS[topic]
    required = {name for name, field in event.model_fields.items() if field.is_required()}
    earlier = {name: value for name, value in json.loads(golden(topic)).items() if name in required}
    assert event.from_json(json.dumps(earlier)).topic == topic


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_without_its_key_or_time_is_refused(topic: str) -> None:
    event = EVENTS[topic]
    aggregate = (event.aggregate,) if isinstance(event.aggregate, str) else event.aggregate
    for name in (aggregate[0], "occurred_at"):
        cut = {key: value for key, value in json.loads(golden(topic)).items() if key != name}
        with pytest.raises(ValidationError):
            event.from_json(json.dumps(cut))


@pytest.mark.parametrize("topic", TOPICS)
def test_no_event_has_room_for_a_name_or_a_clear_number(topic: str) -> None:
    forbidden = {"name", "phone", "customer_name", "mobile", "gender", "id_number", "address"}
    assert not forbidden & set(members(EVENTS[topic].model_json_schema()))


@pytest.mark.parametrize("topic", TOPICS)
def test_no_ratio_travels_without_its_two_sides(topic: str) -> None:
    names = set(members(EVENTS[topic].model_json_schema()))
    assert not {name for name in names if name.endswith(("_rate", "_ratio", "_share", "_average", "percent"))}
    assert ("numerator" in names) == ("denominator" in names)
