"""`python -m bench [NAME …]`: run the benchmarks and print one JSON line each."""

import asyncio
import sys

import uvloop

from bench import (
    consumer,
    customers,
    dispatch,
    engines,
    imports,
    latency,
    month_plan,
    receipts,
    registration,
    relay,
)
from deploy.serving import collect_garbage_seldom

BENCHES = {
    "registration": registration.run,
    "relay": relay.run,
    "consumer": consumer.run,
    "latency": latency.run,
    "dispatch": dispatch.run,
    "receipts": receipts.run,
    "month_plan": month_plan.run,
    "customers": customers.run,
    "imports": imports.run,
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHES)
    collect_garbage_seldom()
    with engines.running() as running:
        for name in names:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(BENCHES[name](running))


if __name__ == "__main__":
    main()
