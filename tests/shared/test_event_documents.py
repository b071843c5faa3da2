"""The generated documents say what the code says."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from shared.events import EVENTS, document


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(document, "DOCS", tmp_path)
    return tmp_path


def test_the_committed_documents_are_not_stale() -> None:
    assert document.main(["--check"]) == 0


def test_a_stale_document_is_named_and_left_alone(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document.main([])
    (docs / "events.md").write_text("old")
    assert document.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("docs/events.md 已过期")
    assert (docs / "events.md").read_text() == "old"


def test_missing_documents_are_stale_until_they_are_written(docs: Path) -> None:
    assert document.main(["--check"]) == 1
    assert document.main([]) == 0
    assert document.main(["--check"]) == 0


def test_the_yaml_says_what_was_meant() -> None:
    meant = json.loads(json.dumps(document.as_asyncapi()))
    assert yaml.safe_load(document.to_yaml(meant)) == meant


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"b": [1, {"c": [], "d": {}}, [2, [3]]]}, "ce_id": None, "1x": True, "on: #": "- x: y"},
        [{"x": 1, "y": "多行\n\"文字\" 'x'"}, "", "yes", "1.0", 1.5],
    ],
)
def test_any_document_survives_its_yaml(value: Any) -> None:
    assert yaml.safe_load(document.to_yaml(value)) == value


def test_every_reference_leads_somewhere() -> None:
    asyncapi = document.as_asyncapi()

    def follow(part: Any) -> None:
        if isinstance(part, dict):
            target: Any = asyncapi
            for step in part.get("$ref", "#").split("/")[1:]:
                target = target[step]
            for child in part.values():
                follow(child)
        elif isinstance(part, list | tuple):
            for child in part:
                follow(child)

    follow(asyncapi)


def test_every_topic_has_a_channel_with_its_key_and_every_speaker_and_hearer_an_operation() -> None:
    asyncapi = document.as_asyncapi()
    assert list(asyncapi["channels"]) == list(EVENTS)
    operations = [
        one["channel"]["$ref"].removeprefix("#/channels/") for one in asyncapi["operations"].values()
    ]
    for topic, event in EVENTS.items():
        assert operations.count(topic) == len(event.speakers) + len(event.heard_by)


def test_topics_with_sealed_numbers_keep_a_week() -> None:
    channels = document.as_asyncapi()["channels"]
    for topic, event in EVENTS.items():
        binding = channels[topic]["bindings"]["kafka"]
        assert ("topicConfiguration" in binding) == event.carries_phone()
