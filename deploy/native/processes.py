"""Long-running programs with a pid file and a log: started, awaited until ready, stopped or killed."""

import os
import pwd
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

LOWEST_PORT = 10_000


class NotReady(RuntimeError):
    """A program did not come up; the text ends with the last lines of its log."""


@dataclass(frozen=True)
class Program:
    """One program in a folder of its own: `<name>.pid` and `<name>.log` tell about it."""

    name: str
    folder: Path

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def log_file(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Process id while the program runs; a pid that another program took over does not count."""
        with suppress(OSError, ValueError):
            pid, started = self.pid_file.read_text().split()
            return int(pid) if started_at(int(pid)) == started else None
        return None

    def start(
        self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, user: str | None = None,
    ) -> None:  # fmt: skip
        """Start the program in a session of its own, so that it outlives the terminal."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            child = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user and pwd.getpwnam(user).pw_gid,
                extra_groups=[] if user else None,
            )
        child.returncode = 0  # whoever reads the pid file stops it: no warning that it still runs
        self.pid_file.write_text(f"{child.pid} {started_at(child.pid)}")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return once `ready()` holds; raise `NotReady` when the program ended or time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.pid is None or time.monotonic() > deadline:
                raise NotReady(f"{self.name} 未能启动，日志 {self.log_file}：\n{self.last_lines()}")
            time.sleep(0.05)

    def stop(self, seconds: float = 20, *, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask the program to end; kill its whole group when it does not within `seconds`."""
        self.ask_to_stop(how)
        if not self._gone_within(seconds):
            self.kill()
        self.pid_file.unlink(missing_ok=True)

    def ask_to_stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send the signal and return at once."""
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def kill(self) -> None:
        """End the program at once, as a power cut would."""
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            self._gone_within(5)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def last_lines(self, count: int = 25) -> str:
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-count:])


def started_at(pid: int) -> str | None:
    """When a living process started, in clock ticks since boot; None for a dead one.

    A zombie whose other threads still run is alive: they hold its ports and files.
    """
    _reap(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    except OSError:
        return None
    return None if fields[0] == "Z" and threads == 1 else fields[19]


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment, all different; never ones that the system lends to outgoing connections.

    One of those could be lent out while a program that is to have its port again is down.
    """
    found: list[int] = []
    with ExitStack() as held:
        for port in random.SystemRandom().sample(_ports_of_ours(), 1000):
            probe = held.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == count:
                return found
    raise NotReady(f"找不到 {count} 个空闲端口")


def _ports_of_ours() -> range:
    """From 10000 up to the first port that is lent out, or all there are where nearly every port is."""
    try:
        first_lent = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        first_lent = 32_768
    return range(LOWEST_PORT, first_lent if first_lent > LOWEST_PORT + 1000 else 65_000)


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0
