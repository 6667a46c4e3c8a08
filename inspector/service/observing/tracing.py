"""Traces for OpenTelemetry: a span per call, and within it one per part of it, down to the session's run.

Spans of parts are made when the call has ended, of the times that its record has: a worker process tells its times with
its answer, and needs neither this library nor a network.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import grpc
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from inspector import __version__
from inspector.service.interceptors.recording import Metadata
from inspector.service.record import CallRecord, Phase

NAME = "inspector"
CLOSING_SECONDS = 3.0
"""How long what waits may take to be sent when the server stops."""

_OURS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""The codes by which a server fails, and not its caller: by OpenTelemetry's conventions for gRPC."""
_CODES = {code.name: code.value[0] for code in grpc.StatusCode}


class Tracing:
    """Makes spans of calls."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer(NAME, __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._open: dict[CallRecord, Span] = {}

    def begun(self, record: CallRecord, metadata: Metadata) -> None:
        """Begin the span of a call, in the caller's trace where it names one."""
        carrier = {key: value for key, value in metadata if isinstance(value, str)}
        service, _, method = record.method.lstrip("/").rpartition("/")
        span = self._tracer.start_span(
            f"{service}/{method}",
            context=self._propagator.extract(carrier, context=otel_context.Context()),
            kind=SpanKind.SERVER,
            start_time=record.began,
            attributes={
                "rpc.system": "grpc",
                "rpc.service": service,
                "rpc.method": method,
                "client.address": record.peer,
                "inspector.request_id": record.id,
            },
        )
        self._open[record] = span
        told: dict[str, str] = {}
        self._propagator.inject(told, context=trace.set_span_in_context(span, otel_context.Context()))
        record.traceparent = told.get("traceparent", "")

    def ended(self, record: CallRecord) -> None:
        """End the span of a call, and make those of its parts."""
        span = self._open.pop(record, None)
        if span is None:
            return
        if span.is_recording():
            span.set_attribute("rpc.grpc.status_code", _CODES.get(record.code, _CODES["UNKNOWN"]))
            for name in ("model", "caller"):
                if value := getattr(record, name):
                    span.set_attribute(f"inspector.{name}", value)
            if record.code in _OURS:
                span.set_status(Status(StatusCode.ERROR, record.told or None))
            self._parts(span, record.phases)
        span.end()

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(CLOSING_SECONDS)

    def _parts(self, span: Span, phases: Iterable[Phase]) -> None:
        """Make a span per part, within the smallest other part that it lies in."""
        around: list[tuple[Phase, Span]] = []
        spans = []
        for phase in sorted(phases, key=lambda one: (one.began, -one.ended)):
            while around and phase.ended > around[-1][0].ended:
                around.pop()
            parent = trace.set_span_in_context(around[-1][1] if around else span, otel_context.Context())
            part = self._tracer.start_span(phase.name, context=parent, start_time=phase.began)
            around.append((phase, part))
            spans.append((phase, part))
        for phase, part in spans:
            part.end(end_time=phase.ended)


def tracing_to(endpoint: str, *, ratio: float) -> Tracing:
    """Return what sends its spans to an endpoint (OTLP over gRPC); `ratio` of the calls whose caller did not decide."""
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=Resource.create({"service.name": NAME, "service.version": __version__}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider)
