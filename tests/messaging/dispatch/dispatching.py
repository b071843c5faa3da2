"""A dispatcher in a process of its own: `python dispatching.py <orders as JSON>`. It may be told where to die.

The step to die at is the environment of a test, never of the house: this subclass wraps the real dispatcher.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from services.messaging.config import GatewaySettings, MessagingSettings
from services.messaging.dispatch import usecases
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.dispatch.jobs import Dispatcher, Watch
from services.messaging.dispatch.ports import Submitted
from services.messaging.messages.models import Message
from shared.runtime import Runtime

STEPS = ("claiming", "claimed", "handed", "answered", "recording", "recorded")


class Dying(Dispatcher):
    """Dies as by `kill -9` at one step of its first batch."""

    step_to_die_at = ""

    def _die_at(self, step: str) -> None:
        if step == self.step_to_die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    async def _submit(self, message: Message, watch: Watch) -> Any:
        self._die_at("claimed")
        return await super()._submit(message, watch)

    async def _hand_over(self, message: Message) -> Submitted:
        if self.step_to_die_at != "handed":
            return await super()._hand_over(message)
        handing = asyncio.ensure_future(super()._hand_over(message))
        await asyncio.sleep(0.05)  # the request is on its way, the gateway takes longer to answer
        self._die_at("handed")
        return await handing

    async def _record(self, token: Any, results: Sequence[Any], claimed: Sequence[Message]) -> None:
        self._die_at("answered")
        await super()._record(token, results, claimed)
        self._die_at("recorded")


def die_inside(function: Any, dying: Dying, step: str) -> Any:
    """The transaction is open, its work done, its commit not."""

    async def inside(*args: Any, **named: Any) -> Any:
        done = await function(*args, **named)
        dying._die_at(step)
        return done

    return inside


class OneDatabase(MessagingSettings):
    """The test's database has a name of its own."""

    address: str = ""

    def database_url_of(self, service: str) -> str:
        return self.address


async def main(orders: dict[str, Any]) -> None:
    gateway = GatewaySettings(kind="simulator", url=orders["gateway"], rate=orders.get("rate"), timeout=3)
    settings = OneDatabase(
        data=Path(orders["data"]), messaging_lease_seconds=5, messaging_gateways={"simulator": gateway},
        address=orders["database"],
    )  # fmt: skip
    runtime = Runtime.open("messaging", settings)
    dispatcher = Dying(runtime, "simulator", open_gateways(runtime)["simulator"])
    dispatcher.step_to_die_at = orders.get("die_at", "")
    usecases.claim_messages = die_inside(usecases.claim_messages, dispatcher, "claiming")
    usecases.record_results = die_inside(usecases.record_results, dispatcher, "recording")
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(orders.get("seconds", 20), stop.set)
    await runtime.database.listen()
    await dispatcher.run(stop)
    await runtime.close()


if __name__ == "__main__":
    asyncio.run(main(cast("dict[str, Any]", json.loads(sys.argv[1]))))
