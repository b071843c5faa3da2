"""A program is known by its pid and the moment it started, stops when asked, and is killed when it does not."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.native.processes import NotReady, Program, answers, free_ports, started_at

SLEEP = "print('ready', flush=True); time.sleep(60)"
STUBBORN = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
LEAVES_ON_SIGINT = f"import signal, time; signal.signal(signal.SIGINT, lambda *_: exit(0)); {SLEEP}"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program("sleeper", tmp_path)
    yield made
    made.kill()


def running(program: Program) -> bool:
    return program.pid is not None


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_program_runs_until_it_is_asked_to_stop(program: Program) -> None:
    program.start(python("import time; time.sleep(60)"))
    assert running(program)
    program.stop()
    assert not running(program)
    assert not program.pid_file.exists()


def test_a_program_that_ignores_the_signal_is_killed(program: Program) -> None:
    program.start(python(STUBBORN))
    program.wait_until(lambda: "ready" in program.last_lines(), 10)
    program.stop(0.2)
    assert program.pid is None


def test_a_pid_another_program_has_taken_over_does_not_count(program: Program) -> None:
    program.pid_file.write_text(f"{os.getpid()} 1")
    assert program.pid is None
    program.stop()
    assert started_at(os.getpid()) is not None


def test_a_program_that_ends_early_shows_its_last_words(program: Program) -> None:
    program.start(python("raise SystemExit('no such port')"))
    with pytest.raises(NotReady, match="no such port"):
        program.wait_until(lambda: False, 10)


def test_waiting_ends_when_time_is_over(program: Program) -> None:
    program.start(python("import time; time.sleep(60)"))
    began = time.monotonic()
    with pytest.raises(NotReady):
        program.wait_until(lambda: False, 0.2)
    assert time.monotonic() - began < 5


def test_a_kill_takes_the_children_along(program: Program) -> None:
    program.start(["/bin/sh", "-c", "sleep 60 & echo $!; wait"])
    program.wait_until(lambda: bool(program.last_lines()), 10)
    child = int(program.last_lines())
    program.kill()
    deadline = time.monotonic() + 5
    while started_at(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert started_at(child) is None


def test_a_signal_other_than_sigterm_can_be_the_polite_one(program: Program) -> None:
    program.start(python(LEAVES_ON_SIGINT))
    program.wait_until(lambda: "ready" in program.last_lines(), 10)
    program.stop(5, how=signal.SIGINT)
    assert program.pid is None


def test_free_ports_are_different_and_silent() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert not any(answers(port) for port in ports)
