"""Every bus of the house: the fake that tests use, the embedded log, and Kafka itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bus.embedded import EmbeddedBus
from shared.bus.kafka import KafkaBus
from shared.bus.port import Bus
from shared.testing.buses import RecordingBus


@pytest.fixture(params=["recording", "embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def bus(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bus]:
    opened: Bus
    match request.param:
        case "recording":
            opened = RecordingBus()
        case "embedded":
            opened = EmbeddedBus(tmp_path / "bus.sqlite3")
        case _:
            opened = KafkaBus(request.getfixturevalue("kafka").servers)
    yield opened
    await opened.close()
