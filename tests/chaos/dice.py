"""Randomness that can be had again: `CHAOS_SEED` as printed, and `CHAOS_KILLS` for how long it goes on."""

import os
import random
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dice:
    """One test's chance."""

    seed: int
    kills: int
    chance: random.Random = field(repr=False)

    @classmethod
    def thrown(cls) -> "Dice":
        seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
        return cls(seed, int(os.environ.get("CHAOS_KILLS") or 3), random.Random(seed))

    def pause(self) -> float:
        """Seconds until the next blow."""
        return self.chance.uniform(0.2, 3)
