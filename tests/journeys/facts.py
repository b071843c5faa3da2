"""What KPI has taken of somebody: it hears of everything last, so its facts prove that all the others were told too."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import orjson

from deploy.demo.telling import Answer
from tests.journeys.desks import Desk, until

MOST = 5000


@dataclass
class Facts:
    """The feed as one of its readers has pulled it so far."""

    office: Desk
    lines: list[Answer] = field(default_factory=list)
    cursor: str | None = None

    async def pull(self) -> list[Answer]:
        """Everything there is by now."""
        while True:
            after = {"cursor": self.cursor} if self.cursor else {}
            text = await self.office.text("/kpi/v1/feeds/facts", limit=MOST, **after)
            *found, last = [orjson.loads(line) for line in text.splitlines()]
            self.lines += [line for line in found if line.get("type") == "fact"]
            self.cursor = last["next_cursor"]
            if last["end_of_stream"]:
                return self.lines

    async def told_of(self, subjects: Collection[str], kind: str) -> Counter[str]:
        """How often this kind of fact was told of each subject."""
        wanted, facts = set(subjects), await self.pull()
        return Counter(f["subject"] for f in facts if f["kind"] == kind and f["subject"] in wanted)

    async def until_told_once(self, subjects: Collection[str], kind: str, *, patience: float = 60) -> None:
        """Wait for a fact of each subject; more than one of any is an error at once."""

        async def look() -> bool | None:
            found = await self.told_of(subjects, kind)
            assert not found or max(found.values()) == 1, found
            return True if set(found) == set(subjects) else None

        await until(f"KPI 已有 {len(subjects)} 个 {kind}", look, patience=patience)
