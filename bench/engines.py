"""The real engines a benchmark runs on, in a folder that goes afterwards; PostgreSQL with its default durability."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Engines:
    """Where they listen."""

    kafka: str
    postgres: Postgres

    def database(self, name: str) -> str:
        """An asyncpg URL of a database that exists."""
        self.postgres.ensure_database(name)
        return self.postgres.url(name).replace("postgresql://", "postgresql+asyncpg://", 1)


@contextmanager
def running() -> Iterator[Engines]:
    with tempfile.TemporaryDirectory(prefix="hall-bench-") as folder:
        Path(folder).chmod(0o755)
        kafka, postgres = Kafka(Path(folder) / "kafka"), Postgres(Path(folder) / "postgres")
        try:
            kafka.start()
            postgres.start()
            yield Engines(kafka.servers, postgres)
        finally:
            kafka.stop()
            postgres.stop()
