"""The demo's months scored as soon as their facts have arrived, so that the board has something to show."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import orjson

from deploy.demo.loading import Credentials
from deploy.demo.organisation import DAYS
from deploy.demo.telling import Program, StoryBroken
from shared import clock

QUIET_SECONDS = 3.0


async def score_months(url: str, credentials: Credentials, say: Callable[[str], None]) -> None:
    """Ask for a run of every month of the demo once no more facts arrive. Where nothing is new, nothing changes."""
    try:
        async with Program(url, "demo-office", credentials.clients["demo-office"]) as office:
            await _facts_have_arrived(office)
            for month in _months(clock.now()):
                await office.post("/kpi/v1/runs", {"period": month})
    except StoryBroken as broken:
        say(f"演示考核分数没有算成：{broken}")
    else:
        say(f"演示数据的考核分数已算好：{url}/kpi/board")


async def _facts_have_arrived(office: Program) -> None:
    cursor, quiet = "", False
    while not quiet:
        text = await office.text("/kpi/v1/feeds/facts", limit=5000, **({"cursor": cursor} if cursor else {}))
        last = orjson.loads(text.splitlines()[-1])
        quiet = bool(cursor) and last["next_cursor"] == cursor
        cursor = last["next_cursor"]
        if last["end_of_stream"]:
            await asyncio.sleep(QUIET_SECONDS)


def _months(now: datetime) -> list[str]:
    """The months the demo's history touches, oldest first."""
    month, months = clock.month_of(now), []
    for _ in range(DAYS // 30 + 1):
        months.append(month)
        month = clock.previous_month(month)
    return months[::-1]
