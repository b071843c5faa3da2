"""A PostgreSQL cluster on a port of its own, run by an unprivileged user and kept in one folder."""

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from deploy.native import packages
from deploy.native.processes import Program, free_ports

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
timezone = 'UTC'
log_timezone = 'UTC'
"""
FRAGILE = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class Postgres:
    """Durable as PostgreSQL is by default; `fragile` ones lose data in a power cut: for tests only."""

    def __init__(
        self, folder: Path, port: int | None = None, *, password: str | None = None, fragile: bool = False
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = port or free_ports(1)[0]
        self.password = password
        self.fragile = fragile
        self.program = Program("postgres", folder)

    def url(self, database: str) -> str:
        """Address of one database; the name may hold `{service}`."""
        secret = f":{self.password}" if self.password else ""
        return f"postgresql://hall{secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Create the cluster if it is new, start it, return once it takes connections."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        if self.program.pid is None:
            with suppress(FileNotFoundError):
                (self.data / "postmaster.pid").unlink()  # left by a kill; the pid file beside it knows better
            self.program.start([_tool("postgres"), "-D", self.data], user=unprivileged())
        self.program.wait_until(self.ready, 60)

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, what they committed stays."""
        self.program.stop(how=signal.SIGINT)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.program.kill()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ready(self) -> bool:
        asked = [_tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres"]
        return subprocess.run(asked, check=False, env={**os.environ, "PGUSER": "hall"}).returncode == 0

    def query(self, sql: str, database: str = "postgres") -> str:
        """Run one statement and return what psql prints, unaligned and without headings."""
        command = [_tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def ensure_database(self, name: str) -> None:
        """Create a database that is not there yet."""
        if not self.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 our own names
            self.query(f'CREATE DATABASE "{name}"')

    def _create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        _give_away(self.folder)
        secret = self.folder / "password"
        secret.write_text(self.password or "hall")
        _give_away(secret)
        trust = "scram-sha-256" if self.password else "trust"
        command: list[str | Path] = [
            _tool("initdb"), "-D", self.data, "-U", "hall", "-A", trust, f"--pwfile={secret}",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", *(["--no-sync"] if self.fragile else []),
        ]  # fmt: skip
        made = subprocess.run(  # noqa: PLW1510 the message of a failure is in its output
            command, cwd=self.folder, capture_output=True, text=True, **_identity()
        )
        secret.unlink()
        if made.returncode:
            raise RuntimeError(f"initdb 未能建立数据库集群：\n{made.stderr}")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS.format(port=self.port) + (FRAGILE if self.fragile else ""))


def unprivileged() -> str | None:
    """The user PostgreSQL runs as: it refuses root, so root lends it `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _identity() -> dict[str, Any]:
    user = unprivileged()
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def _give_away(path: Path) -> None:
    user = unprivileged()
    if user:
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


def _tool(name: str) -> str:
    """A program of the same PostgreSQL version as `initdb`; PATH may hold another version's client."""
    beside = Path(packages.require("initdb")).with_name(name)
    return str(beside) if beside.exists() else packages.require(name)
