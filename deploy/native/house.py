"""The distributed house on one machine: every app and every worker a process of its own, and one origin before them.

A process that ends without being asked is started again; SIGINT or SIGTERM lets all of them drain.
"""

import argparse
import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from deploy.native.cluster import SERVICES, read_environment, write_environment
from deploy.native.origin import Origin
from deploy.native.processes import Program, started_at

FIRST_PORT = 8001
HALL = str(Path(sys.executable).with_name("hall"))
RUN = Path("run")
LOGS = RUN / "logs"
LOAD_DEMO = """
import asyncio
from deploy import assembly
from deploy.demo import loading
from services.customer.config import CustomerSettings
asyncio.run(loading.load(CustomerSettings.of(assembly.check_settings()["customer"]), print))
"""
RESTART_AFTER = 1.0
GRACE = 40.0


@dataclass(frozen=True)
class Part:
    """One process of the house and the command that runs it."""

    name: str
    command: tuple[str, ...]


def ports_from(first: int) -> dict[str, int]:
    """A port for each app and the simulator, in a row."""
    return dict(zip((*SERVICES, "simulator"), itertools.count(first), strict=False))


def parts(workers: int, ports: Mapping[str, int]) -> list[Part]:
    """One app and several workers for each service, and the SMS simulator."""
    apps = [Part(name, (HALL, "service", name, "--port", str(ports[name]))) for name in SERVICES]
    copies = [(service, number) for service in SERVICES for number in range(1, workers + 1)]
    simulator = Part("simulator", (HALL, "simulator", "--port", str(ports["simulator"])))
    gauges = itertools.count(max(ports.values()) + 1)
    behind = [
        Part(f"{service}-worker-{number}", (HALL, "worker", service, "--port", str(next(gauges))))
        for service, number in copies
    ]
    return [*apps, simulator, *behind]


async def keep_running(part: Part, environment: Mapping[str, str], stop: asyncio.Event) -> None:
    """Run a part until `stop`, again and again when it ends by itself; then let it drain."""
    while not stop.is_set():
        with (LOGS / f"{part.name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *part.command, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        Program(part.name, LOGS).pid_file.write_text(f"{process.pid} {started_at(process.pid)}")
        ended, asked = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            await _drain(process)
            return
        asked.cancel()
        print(f"{part.name} 已退出（{process.returncode}），{RESTART_AFTER:g} 秒后重新启动", flush=True)
        await asyncio.sleep(RESTART_AFTER)


async def _drain(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), GRACE)
    except TimeoutError:
        process.kill()
        await process.wait()


def prepare(environment: Mapping[str, str], *, demo: bool) -> None:
    """Keys and the demo's people on the first start, and the databases in their newest form."""
    LOGS.mkdir(parents=True, exist_ok=True)
    keyring = environment.get("HALL_KEYRING") or Path(environment["HALL_DATA"]) / "keyring.json"
    if not Path(keyring).exists():
        subprocess.run([HALL, "keys", "create"], check=True, env=environment)
    subprocess.run([HALL, "migrate"], check=True, env=environment)
    if demo:
        subprocess.run([sys.executable, "-c", LOAD_DEMO], check=True, env=environment)


@contextmanager
def announced(port: int, environment: Mapping[str, str]) -> Iterator[None]:
    """While the house runs, `run/house-<port>.env` tells `make demo` which data folder belongs to that port."""
    told = RUN / f"house-{port}.env"
    write_environment({"HALL_DATA": environment["HALL_DATA"], "HALL_HOUSE_PID": str(os.getpid())}, told)
    try:
        yield
    finally:
        told.unlink(missing_ok=True)


async def serve(port: int, ports: Mapping[str, int], workers: int, environment: Mapping[str, str]) -> None:
    """Everything until a signal."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    origin = Origin({name: f"http://127.0.0.1:{own}" for name, own in ports.items()}, "customer")
    runner = web.AppRunner(origin.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with asyncio.TaskGroup() as group:
        for part in parts(workers, ports):
            group.create_task(keep_running(part, environment, stop))
        print(f"分布式平台正在启动：http://127.0.0.1:{port}  日志在 {LOGS}/，Ctrl-C 停止", flush=True)
    await runner.cleanup()


def main() -> None:
    """`python -m deploy.native.house [--port 8000] [--first-port 8001] [--workers 2] [--bare]`."""
    parser = argparse.ArgumentParser(description="在本机以分布式方式运行整个平台")
    parser.add_argument("--port", type=int, default=8000, help="统一入口的端口")
    parser.add_argument("--first-port", type=int, default=FIRST_PORT, help="各服务端口从这里起，共五个")
    parser.add_argument("--workers", type=int, default=2, help="每个服务的后台进程数")
    parser.add_argument("--bare", action="store_true", help="不载入演示组织")
    wishes = parser.parse_args()
    cluster = read_environment()
    if not cluster:
        sys.exit("集群尚未启动，请先运行 make cluster-up")
    environment = {**os.environ, **cluster, "HALL_PUBLIC_URL": f"http://127.0.0.1:{wishes.port}"}
    try:
        prepare(environment, demo=not wishes.bare)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)  # what went wrong is on the screen already
    with announced(wishes.port, environment):
        asyncio.run(serve(wishes.port, ports_from(wishes.first_port), wishes.workers, environment))


if __name__ == "__main__":
    main()
