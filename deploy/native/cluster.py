"""Kafka and PostgreSQL kept on this machine for the distributed house: `up` twice is once, `down` keeps the data."""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.native import packages
from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from deploy.native.processes import NotReady

SERVICES = ("customer", "messaging", "complaints", "kpi")
ENVIRONMENT = Path("run/cluster.env")


@dataclass(frozen=True)
class Place:
    """Where the cluster lives: `HALL_CLUSTER`, `HALL_CLUSTER_POSTGRES_PORT`, `HALL_CLUSTER_KAFKA_PORT`."""

    folder: Path
    postgres_port: int
    kafka_port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Place":
        home = Path("/var/lib/hall") if os.geteuid() == 0 else Path.home() / ".local/share/hall"
        return cls(
            folder=Path(environment.get("HALL_CLUSTER") or home / "cluster").absolute(),
            postgres_port=int(environment.get("HALL_CLUSTER_POSTGRES_PORT") or 5433),
            kafka_port=int(environment.get("HALL_CLUSTER_KAFKA_PORT") or 9092),
        )

    @property
    def kafka(self) -> Kafka:
        return Kafka(self.folder / "kafka", [self.kafka_port, self.kafka_port + 1])

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.folder / "postgres", self.postgres_port, password=self._password())

    def _password(self) -> str:
        kept = self.folder / "postgres.password"
        if not kept.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(24))
        return kept.read_text()


def up(place: Place) -> dict[str, str]:
    """Start both, create the four databases, write the environment file the distributed house reads."""
    postgres, kafka = place.postgres, place.kafka
    postgres.start()
    for service in SERVICES:
        postgres.ensure_database(f"hall_{service}")
    kafka.start()
    variables = {
        "HALL_DATABASE_URL": postgres.url("hall_{service}"),
        "HALL_BUS_URL": kafka.url,
        "HALL_DATA": str(ENVIRONMENT.parent.absolute() / "house"),
    }
    write_environment(variables)
    return variables


def down(place: Place) -> None:
    """Stop both; without the environment file nothing takes the cluster for running."""
    place.kafka.stop()
    place.postgres.stop()
    ENVIRONMENT.unlink(missing_ok=True)


def write_environment(variables: Mapping[str, str], path: Path = ENVIRONMENT) -> None:
    """`NAME='value'` lines that both a shell and `read_environment` understand; only this user may read them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}='{value}'\n" for name, value in variables.items()))


def read_environment(path: Path = ENVIRONMENT) -> dict[str, str]:
    """The variables `up` wrote; empty when there is no cluster."""
    if not path.exists():
        return {}
    lines = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value.strip("'") for name, _, value in lines}


def main() -> None:
    """`python -m deploy.native.cluster up|down`."""
    wish = sys.argv[1] if len(sys.argv) == 2 else ""
    if wish not in {"up", "down"}:
        sys.exit("用法：python -m deploy.native.cluster up|down")
    place = Place.from_environment()
    try:
        if wish == "down":
            down(place)
            print("Kafka 和 PostgreSQL 已停止，数据保留在", place.folder)
        else:
            _say_what_is_up(place, up(place))
    except (packages.MissingProgram, NotReady) as error:
        sys.exit(str(error))


def _say_what_is_up(place: Place, variables: Mapping[str, str]) -> None:
    print(f"Kafka       {variables['HALL_BUS_URL']}")
    print(f"PostgreSQL  127.0.0.1:{place.postgres_port}，数据库 {'、'.join(f'hall_{s}' for s in SERVICES)}")
    print(f"数据        {place.folder}")
    print(f"环境变量    {ENVIRONMENT}（下一步：make run-distributed）")


if __name__ == "__main__":
    main()
