"""A trace follows one request from its caller through the bus into every service that hears of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy import assembly, embedded
from deploy.demo import organisation
from deploy.demo.organisation import STORY_HALL
from services.customer.directory.usecases import LoadDirectory, load_directory
from shared import clock, telemetry
from shared.security import tokens
from shared.settings import SERVICES
from tests.engines.fixtures import FreshDatabase
from tests.journeys.desks import a_phone, a_registration

pytestmark = pytest.mark.journey

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = f"00-{TRACE}-00f067aa0ba902b7-01"
HEARERS = {
    "plan_intro_on_customer_registered",  # messaging
    "record_facts_on_events",  # kpi
    "keep_customers_on_snapshot",  # complaints
}


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where all spans of the test end up."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "tracer", provider.get_tracer("hall"))
    return exporter


@pytest.fixture
async def house(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_url: FreshDatabase
) -> AsyncIterator[embedded.House]:
    """The embedded house at work in this process, with the demo's halls."""
    for service in SERVICES:
        sqlite_url(service)
    monkeypatch.setenv("HALL_DATA", str(tmp_path))
    monkeypatch.setenv("HALL_DRAIN_SECONDS", "5")
    async with embedded.open_house(assembly.check_settings()) as opened:
        await load_halls(opened)
        stop = asyncio.Event()
        working = [asyncio.create_task(worker.run(stop)) for worker in opened.workers]
        yield opened
        stop.set()
        await asyncio.gather(*working)


async def test_one_trace_goes_from_the_request_through_the_bus_into_every_hearer(
    house: embedded.House, spans: InMemorySpanExporter
) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://hall") as client:
        answer = await client.post(
            "/customer/v1/customers",
            json=a_registration(a_phone()),
            headers={
                "Authorization": f"Bearer {a_token(house)}",
                "Idempotency-Key": "1",
                "traceparent": CALLER,
            },
        )
    assert answer.status_code == 201, answer.text
    async with asyncio.timeout(20):
        while not {span.name for span in ours(spans)} >= HEARERS:
            await asyncio.sleep(0.05)
    request = next(span for span in ours(spans) if span.name == "POST customer")
    heard = [span for span in ours(spans) if span.name in HEARERS]
    assert span_id(request.parent) == CALLER.split("-")[2]
    assert {span_id(span.parent) for span in heard} == {span_id(request.context)}


def ours(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    """Those of the caller's trace."""
    return [s for s in spans.get_finished_spans() if s.context and f"{s.context.trace_id:032x}" == TRACE]


def span_id(context: object) -> str:
    return f"{getattr(context, 'span_id', 0):016x}"


def a_token(house: embedded.House) -> str:
    ring = house.runtimes["customer"].keyring
    return tokens.issue(
        ring, subject="pos", role="pos", hall=STORY_HALL, county="zizhong", issuer="http://hall", lifetime=60
    )


async def load_halls(house: embedded.House) -> None:
    everything = LoadDirectory(organisation.counties(), organisation.halls(), organisation.clerks())
    async with house.runtimes["customer"].database.transaction() as session:
        await load_directory(session, everything, now=clock.now())
