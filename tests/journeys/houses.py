"""Whole houses as real processes, embedded and distributed: started, killed, stopped, and searched byte by byte."""

import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import orjson

from deploy.native.cluster import write_environment
from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from deploy.native.processes import Program, answers, free_ports
from shared.settings import SERVICES

HALL = str(Path(sys.executable).with_name("hall"))
SETTINGS = {
    "HALL_DEMO_CUSTOMERS": "40",
    "HALL_DEMO_DAYS": "12",
    "HALL_CUSTOMER_ARGON2_MEMORY_KIB": "1024",
    "HALL_MESSAGING_LEASE_SECONDS": "12",
}
START_SECONDS = 300


class House(Protocol):
    """What a story needs to know of a house, however it runs."""

    folder: Path

    @property
    def url(self) -> str: ...

    @property
    def secrets(self) -> dict[str, str]:
        """The secret of each of the demo's programs."""
        ...

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which `hall` works beside this house."""
        ...

    def files(self) -> Iterator[Path]:
        """Everything the house has written: data, logs, output."""
        ...


@dataclass
class EmbeddedHouse:
    """`hall run --demo` in a folder of its own."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {**SETTINGS, "HALL_DATA": str(self.folder / "data"), "HALL_PUBLIC_URL": self.url}

    @property
    def secrets(self) -> dict[str, str]:
        return _secrets(self.folder / "data")

    @property
    def program(self) -> Program:
        return Program("hall", self.folder)

    def start(self) -> None:
        """Start and return once all four services are ready."""
        self.program.start(_with_only(self.environment, [HALL, "run", "--demo", "--port", str(self.port)]))
        self.program.wait_until(lambda: _ready(self.url), START_SECONDS)

    def kill(self) -> None:
        """As a power cut would."""
        self.program.kill()

    def stop(self) -> None:
        self.program.stop()

    def files(self) -> Iterator[Path]:
        return _files(self.folder)


@dataclass
class DistributedHouse:
    """An app and two workers for each service on Kafka and PostgreSQL, kept running by `deploy.native.house`."""

    folder: Path
    postgres: Postgres
    kafka: Kafka
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **SETTINGS,
            "HALL_DATA": str(self.folder / "data"),
            "HALL_DATABASE_URL": self.postgres.url("hall_{service}"),
            "HALL_BUS_URL": self.kafka.url,
            "HALL_PUBLIC_URL": self.url,
        }

    @property
    def secrets(self) -> dict[str, str]:
        return _secrets(self.folder / "data")

    @property
    def program(self) -> Program:
        return Program("house", self.folder)

    @property
    def parts(self) -> list[str]:
        """Names of the processes that may be killed; each comes again by itself."""
        copies = [f"{service}-worker-{number}" for service in SERVICES for number in (1, 2)]
        return [*SERVICES, *copies]

    def start(self) -> None:
        for service in SERVICES:
            self.postgres.ensure_database(f"hall_{service}")
        write_environment(self.environment, self.folder / "run" / "cluster.env")
        command = [sys.executable, "-m", "deploy.native.house", "--port", str(self.port)]
        command += ["--first-port", str(_five_free_ports()), "--workers", "2"]
        self.program.start(_with_only(self.environment, command))
        self.program.wait_until(lambda: _ready(self.url), START_SECONDS)

    def kill(self, part: str) -> None:
        """End one process as a power cut would."""
        Program(part, self.folder / "run" / "logs").kill()

    def end(self) -> None:
        """End all of it at once; its data is not needed any more."""
        self.program.kill()
        for pid_file in (self.folder / "run" / "logs").glob("*.pid"):
            self.kill(pid_file.stem)

    def files(self) -> Iterator[Path]:
        """Files outside the engines."""
        return _files(self.folder)


def _with_only(environment: Mapping[str, str], command: list[str]) -> list[str]:
    """The command under these settings and no others that the developer may have."""
    others = [part for name in os.environ if name.startswith("HALL_") for part in ("-u", name)]
    return ["env", *others, *(f"{name}={value}" for name, value in environment.items()), *command]


def _ready(url: str) -> bool:
    try:
        for service in SERVICES:
            with urllib.request.urlopen(f"{url}/{service}/readyz", timeout=5):
                pass
    except OSError:
        return False
    return True


def _secrets(data: Path) -> dict[str, str]:
    secrets: dict[str, str] = orjson.loads((data / "demo.json").read_bytes())["clients"]
    return secrets


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _five_free_ports() -> int:
    """The first of five ports in a row."""
    while True:
        first = free_ports(1)[0]
        if not any(answers(port) for port in range(first, first + 5)):
            return first
