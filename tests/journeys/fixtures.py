"""The houses of a test session: one of each kind, started when the first test asks, shared by journeys and chaos."""

import shutil
from collections.abc import Iterator

import pytest

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from tests.engines import shared_folder
from tests.journeys.houses import DistributedHouse, EmbeddedHouse, House

EMBEDDED = pytest.param("embedded", marks=pytest.mark.xdist_group("embedded"))
DISTRIBUTED = pytest.param(
    "distributed", marks=[pytest.mark.xdist_group("distributed"), pytest.mark.kafka, pytest.mark.postgresql]
)


@pytest.fixture(scope="session")
def embedded_house() -> Iterator[EmbeddedHouse]:
    """`hall run --demo` with a small demo. Tests in the xdist group `embedded` share it and may kill it."""
    house = EmbeddedHouse(shared_folder.folder() / "embedded-house")
    house.start()
    yield house
    house.kill()
    shutil.rmtree(house.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def distributed_house() -> Iterator[DistributedHouse]:
    """Thirteen processes on engines of their own. The xdist group `distributed` shares them, stops and kills them."""
    place = shared_folder.folder() / "distributed-house"
    postgres, kafka = Postgres(place / "postgres"), Kafka(place / "kafka")
    place.mkdir(mode=0o711)
    postgres.start()
    kafka.start()
    house = DistributedHouse(place / "house", postgres, kafka)
    try:
        house.start()
        yield house
    finally:
        house.end()
        kafka.remove()
        postgres.remove()
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(params=[EMBEDDED, DISTRIBUTED])
def house(request: pytest.FixtureRequest) -> House:
    """Each house in turn."""
    found: House = request.getfixturevalue(f"{request.param}_house")
    return found
