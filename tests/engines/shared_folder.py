"""One folder per test session where its processes find the engines that one of them started."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.native.processes import Program, started_at

VARIABLE = "HALL_TEST_ENGINES"
PREFIX = "hall-tests-"


def folder() -> Path:
    return Path(os.environ[VARIABLE])


def open_session() -> None:
    """Make the session's folder and clear away what sessions that were killed left running."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner, _, started = left.name.removeprefix(PREFIX).partition("-")
        if started_at(int(owner)) != started:
            _end(left)
    made = Path(tempfile.gettempdir()) / f"{PREFIX}{os.getpid()}-{started_at(os.getpid())}"
    made.mkdir(mode=0o711)
    os.environ[VARIABLE] = str(made)


def close_session() -> None:
    """Stop every engine of the session and remove its data."""
    _end(Path(os.environ.pop(VARIABLE)))


def _end(session: Path) -> None:
    for pid_file in session.rglob("*.pid"):
        if pid_file.name != "postmaster.pid":
            Program(pid_file.stem, pid_file.parent).kill()
    shutil.rmtree(session, ignore_errors=True)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process of the session in at a time."""
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def once(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `make` returned to the first process of the session that asked for `name`."""
    kept = folder() / f"{name}.json"
    with locked(name):
        if not kept.exists():
            kept.write_text(json.dumps(make()))
        return dict(json.loads(kept.read_text()))
