"""The distributed house keeps its parts running and lets them drain when it is asked to stop."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from deploy.native import house
from deploy.native.house import Part


def test_each_service_has_its_app_and_the_wished_number_of_workers() -> None:
    names = [part.name for part in house.parts(2, house.ports_from(8001))]
    assert len(names) == len(set(names)) == 13
    assert [name for name in names if name.startswith("kpi")] == ["kpi", "kpi-worker-1", "kpi-worker-2"]


async def test_a_part_that_ends_by_itself_is_started_again_and_drains_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import os, pathlib, signal, sys, time\n"
        "marks = pathlib.Path('marks'); marks.open('a').write('started\\n')\n"
        "if marks.read_text().count('started') == 1: os.kill(os.getpid(), 9)\n"
        "signal.signal(signal.SIGTERM, lambda *_: (marks.open('a').write('drained\\n'), sys.exit(0)))\n"
        "marks.open('a').write('ready\\n'); time.sleep(60)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(house, "RESTART_AFTER", 0.01)
    house.LOGS.mkdir(parents=True)
    stop = asyncio.Event()
    running = asyncio.create_task(
        house.keep_running(Part("customer", (sys.executable, "-c", code)), dict(os.environ), stop)
    )
    async with asyncio.timeout(20):
        while not Path("marks").exists() or "ready" not in Path("marks").read_text():
            await asyncio.sleep(0.02)
        stop.set()
        await running
    assert Path("marks").read_text().split() == ["started", "started", "ready", "drained"]
