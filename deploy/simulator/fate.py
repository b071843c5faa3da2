"""What becomes of a message: a pure function of the seed, its id and the faults that are set."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deploy.simulator.settings import Faults


@dataclass(frozen=True, slots=True)
class Fate:
    """Whether it is taken, whether that is answered, what is reported and when."""

    rejected: bool
    stalled: bool
    status: str
    final_at: datetime
    receipts: tuple[tuple[float, dict[str, Any]], ...]


def decide(
    faults: Faults, message_id: str, gateway_message_id: str, number: str, segments: int, now: datetime
) -> Fate:
    """The receipts come with the seconds after which each is posted; `number` is a hash of the number."""
    dice = random.Random(f"{faults.seed}:{message_id}")  # noqa: S311
    rejected, stalled = dice.random() < faults.reject, dice.random() < faults.stall
    dead = random.Random(f"{faults.seed}:{number}").random() < faults.dead  # noqa: S311
    status = "failed" if dice.random() < faults.fail or dead else "delivered"
    after = faults.delay + dice.random() * faults.jitter
    final_at = now + timedelta(seconds=after)
    base = {"message_id": message_id, "gateway_message_id": gateway_message_id}
    code = "MK:0001" if dead else "DELIVRD" if status == "delivered" else "UNDELIV"
    final = {"status": status, "code": code, "at": final_at.isoformat()}
    receipts = [(after, base | part) for part in _finals(faults, final, segments)]
    swapped = dice.random() < faults.reorder
    if faults.intermediate_receipts or swapped:
        early = {**base, "status": "accepted", "code": "ACCEPTD", "at": now.isoformat()}
        receipts.append((after * 2 + 0.1 if swapped else after / 2, early))
    told = [each for each in receipts if dice.random() >= faults.loss]
    doubled = [(seconds + 0.05, body) for seconds, body in told if dice.random() < faults.duplicates]
    return Fate(rejected, stalled, status, final_at, (*told, *doubled))


def _finals(faults: Faults, final: dict[str, Any], segments: int) -> list[dict[str, Any]]:
    if not faults.segment_receipts or segments < 2:
        return [final]
    return [{**final, "segment": number, "segments": segments} for number in range(1, segments + 1)]
