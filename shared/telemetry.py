"""OpenTelemetry traces that follow one request through the bus. Without a collector they cost next to nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, Tracer

tracer: Tracer = trace.get_tracer("hall")


def configure(service: str, endpoint: str | None) -> None:
    """Send spans to an OTLP/HTTP collector when there is one; ids travel between services either way."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(resource=Resource.create({"service.name": f"hall-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


def traceparent() -> str | None:
    """The W3C trace context of the work in hand, or None outside a trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def continued(name: str, parent: str | None, kind: SpanKind = SpanKind.CONSUMER) -> Iterator[None]:
    """A span that continues the trace `parent` started in another process."""
    context = propagate.extract({"traceparent": parent}) if parent else None
    with tracer.start_as_current_span(name, context=context, kind=kind):
        yield


@contextmanager
def joined(name: str, parents: Sequence[str]) -> Iterator[None]:
    """A span of its own for work done for several requests at once, linked to the trace of each."""
    found = (trace.get_current_span(propagate.extract({"traceparent": parent})) for parent in parents)
    links = [Link(span.get_span_context()) for span in found]
    with tracer.start_as_current_span(name, context=Context(), kind=SpanKind.CONSUMER, links=links):
        yield
