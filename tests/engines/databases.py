"""Fresh migrated databases in milliseconds: every service is migrated once a session, then copied."""

import itertools
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.native.postgres import Postgres
from shared import migrations
from tests.engines import shared_folder

_numbers = itertools.count(1)


def postgres() -> Postgres:
    """The session's cluster; without fsync, since its data dies with the session."""

    def start() -> dict[str, int]:
        cluster = Postgres(shared_folder.folder() / "postgres", fragile=True)
        cluster.start()
        return {"port": cluster.port, "version": int(cluster.query("SHOW server_version_num"))}

    port = shared_folder.once("postgres", start)["port"]
    return Postgres(shared_folder.folder() / "postgres", port, fragile=True)


def asyncpg_url(cluster: Postgres, database: str) -> str:
    return cluster.url(database).replace("postgresql://", "postgresql+asyncpg://")


def empty_postgresql() -> str:
    """The address of a new database without tables."""
    cluster, name = postgres(), f"test_{os.getpid()}_{next(_numbers)}"
    cluster.query(f'CREATE DATABASE "{name}"')
    return asyncpg_url(cluster, name)


def fresh_postgresql(service: str) -> str:
    """The address of a new database with the service's tables."""
    cluster, name = postgres(), f"test_{os.getpid()}_{next(_numbers)}"
    shared_folder.once(f"template-{service}", lambda: _make_template(cluster, f"template_{service}", service))
    with shared_folder.locked(f"copy-{service}"):  # a template may be copied by one session at a time
        cluster.query(f'CREATE DATABASE "{name}" TEMPLATE "template_{service}"{_copying()}')
    return asyncpg_url(cluster, name)


def _copying() -> str:
    """Copying files is twice as quick as logging them; before version 15 it is the only way and has no name."""
    started = shared_folder.once("postgres", dict)
    return " STRATEGY FILE_COPY" if started["version"] >= 150_000 else ""


def drop_postgresql(url: str) -> None:
    postgres().query(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')


def fresh_sqlite(service: str, folder: Path) -> str:
    """The address of a new SQLite file with the service's tables."""
    template = shared_folder.folder() / f"template-{service}.sqlite3"
    shared_folder.once(
        f"template-sqlite-{service}", lambda: _migrate(service, f"sqlite+aiosqlite:///{template}")
    )
    target = folder / f"{service}.sqlite3"
    shutil.copyfile(template, target)
    return f"sqlite+aiosqlite:///{target}"


def _make_template(cluster: Postgres, name: str, service: str) -> dict[str, str]:
    cluster.query(f'CREATE DATABASE "{name}"')
    return _migrate(service, asyncpg_url(cluster, name))


def _migrate(service: str, url: str) -> dict[str, str]:
    with ThreadPoolExecutor(
        1
    ) as thread:  # migrations run a loop of their own; the caller may be in one already
        thread.submit(migrations.upgrade, service, url).result()
    return {"url": url}
