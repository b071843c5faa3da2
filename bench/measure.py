"""How a figure is taken and printed: alternating runs of ours and the baseline, medians, one JSON line each."""

import json
import statistics
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Run = Callable[[], Awaitable[float]]


@dataclass
class Figure:
    """A rate (per second) of ours beside the baseline's; `goal` is the ratio we want, never a verdict."""

    name: str
    unit: str
    goal: float
    ours: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    def line(self) -> str:
        ours, baseline = statistics.median(self.ours), statistics.median(self.baseline)
        return json.dumps(
            {
                "bench": self.name,
                "unit": self.unit,
                "ours": round(ours, 1),
                "baseline": round(baseline, 1),
                "ratio": round(ours / baseline, 3),
                "goal": self.goal,
                "runs": len(self.ours),
            }
        )


async def compare(name: str, unit: str, goal: float, ours: Run, baseline: Run, *, runs: int = 3) -> Figure:
    """Take `runs` pairs after one warm-up of each, ours and baseline in turn, and print the line."""
    figure = Figure(name, unit, goal)
    await baseline()
    await ours()
    for _ in range(runs):
        figure.baseline.append(await baseline())
        figure.ours.append(await ours())
    say(figure.line())
    return figure


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
