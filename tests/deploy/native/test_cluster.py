"""The kept cluster: the environment file, and up and down with what it holds."""

from pathlib import Path

import pytest

from deploy.native import cluster
from deploy.native.cluster import Place
from deploy.native.processes import free_ports
from tests.engines import shared_folder


def test_the_environment_file_is_read_as_it_was_written_and_only_by_this_user(tmp_path: Path) -> None:
    path = tmp_path / "run" / "cluster.env"
    cluster.write_environment({"HALL_BUS_URL": "kafka://127.0.0.1:9092", "HALL_X": "a=b"}, path)
    assert cluster.read_environment(path) == {"HALL_BUS_URL": "kafka://127.0.0.1:9092", "HALL_X": "a=b"}
    assert path.stat().st_mode & 0o077 == 0
    assert cluster.read_environment(tmp_path / "none.env") == {}


@pytest.mark.kafka
@pytest.mark.postgresql
def test_up_twice_is_once_and_down_keeps_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unique: str
) -> None:
    monkeypatch.chdir(tmp_path)
    postgres_port, kafka_port, _ = free_ports(3)
    place = Place(shared_folder.folder() / f"cluster-{unique}", postgres_port, kafka_port)
    first = cluster.up(place)
    place.postgres.query("CREATE TABLE kept AS SELECT 1 AS n", "hall_kpi")
    assert cluster.up(place) == first
    cluster.down(place)
    assert cluster.read_environment() == {}
    assert cluster.up(place) == first
    assert place.postgres.query("SELECT n FROM kept", "hall_kpi") == "1"
    cluster.down(place)
