"""Spans of calls, as OpenTelemetry's own exporter in memory receives them."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from inspector.errors import EngineError, NotFoundError
from inspector.service.interceptors.ring import ring
from inspector.service.observing.tracing import Tracing, tracing_to
from inspector.service.record import CallRecord, current_call, note_model
from inspector.service.settings import Settings
from tests.support.bare_service import SERVICE, serving
from tests.support.patience import PATIENCE

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = (("traceparent", f"00-{TRACE}-{SPAN}-01"),)


def spans_of(
    method: Callable[..., Any], *, metadata: tuple[tuple[str, str], ...] = ()
) -> dict[str, ReadableSpan]:
    """Call a method once, and return the spans that were made, by name."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing = Tracing(provider)

    async def run() -> None:
        async with serving(method, *ring(Settings(), observers=[tracing])) as caller:
            await caller.ask(metadata=metadata)

    asyncio.run(run())
    provider.shutdown()
    assert tracing._open == {}
    return {span.name: span for span in exporter.get_finished_spans()}


async def works(request: Any, context: Any) -> bytes:
    record = current_call()
    assert record is not None
    note_model("models/toy")
    start = record.began
    record.phase("queue", began=start + 1000, ended=start + 2000)
    record.phase("run", began=start + 3000, ended=start + 4000)
    record.phase("worker", began=start + 2000, ended=start + 5000)
    return record.traceparent.encode()


def test_a_call_is_a_span_with_its_parts_in_it() -> None:
    spans = spans_of(works)
    assert spans.keys() == {f"{SERVICE}/Method", "queue", "worker", "run"}
    call = spans[f"{SERVICE}/Method"]
    assert call.kind is SpanKind.SERVER
    assert call.parent is None
    assert {"rpc.system": "grpc", "rpc.grpc.status_code": 0, "inspector.model": "models/toy"}.items() <= dict(
        call.attributes or {}
    ).items()
    parents = {name: span.parent.span_id for name, span in spans.items() if span.parent is not None}
    ids = {name: span.context.span_id for name, span in spans.items() if span.context is not None}
    assert parents == {
        "queue": ids[f"{SERVICE}/Method"],
        "worker": ids[f"{SERVICE}/Method"],
        "run": ids["worker"],
    }
    assert spans["run"].end_time - spans["run"].start_time == 1000  # type: ignore[operator]


def test_it_stands_in_the_callers_trace() -> None:
    (call,) = (span for span in spans_of(works, metadata=GIVEN).values() if span.kind is SpanKind.SERVER)
    assert call.parent is not None
    assert call.context is not None
    assert f"{call.parent.span_id:016x}" == SPAN
    assert f"{call.context.trace_id:032x}" == TRACE


def test_what_is_worked_on_knows_where_it_stands() -> None:
    told: list[str] = []

    async def tells(request: Any, context: Any) -> bytes:
        record = current_call()
        told.append("" if record is None else record.traceparent)
        return b""

    (call,) = spans_of(tells, metadata=GIVEN).values()
    assert call.context is not None
    assert told == [f"00-{TRACE}-{call.context.span_id:016x}-01"]


def test_a_traceparent_that_is_none_begins_a_new_trace() -> None:
    (call,) = (
        span
        for span in spans_of(works, metadata=(("traceparent", "00-zz-zz-01"),)).values()
        if span.kind is SpanKind.SERVER
    )
    assert call.parent is None


def test_a_caller_that_wants_no_trace_gets_none() -> None:
    assert spans_of(works, metadata=(("traceparent", f"00-{TRACE}-{SPAN}-00"),)) == {}


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (NotFoundError("There is none."), 5, StatusCode.UNSET),
        (EngineError("It broke."), 13, StatusCode.ERROR),
    ],
)
def test_only_what_the_server_fails_of_is_an_error(error: Exception, code: int, status: StatusCode) -> None:
    async def fails(request: Any, context: Any) -> bytes:
        raise error

    (call,) = spans_of(fails).values()
    assert (call.attributes or {})["rpc.grpc.status_code"] == code
    assert call.status.status_code is status


def is_sampled(traceparent: str) -> bool:
    match = re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-([0-9a-f]{2})", traceparent)
    assert match is not None
    return bool(int(match[1], 16) & 1)


def test_an_endpoint_that_nobody_is_at_holds_nobody_up() -> None:
    tracing = tracing_to("http://127.0.0.1:1", ratio=1.0)
    record = CallRecord(id="1", method="/a.B/C", code="OK")
    tracing.begun(record, ())
    assert is_sampled(record.traceparent)
    tracing.ended(record)
    tracing.close()


def test_of_none_none_is_traced() -> None:
    record = CallRecord(id="1", method="/a.B/C", code="OK")
    tracing = tracing_to("http://127.0.0.1:1", ratio=0.0)
    tracing.begun(record, ())
    assert not is_sampled(record.traceparent)
    tracing.ended(record)
    tracing.close()


def test_without_the_extra_the_server_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from inspector.service.observing.observing import Observing\n"
        "from inspector.service.settings import Settings\n"
        "from inspector.service.traffic import Traffic\n"
        "plain = Settings(); Observing(plain, Traffic(plain))\n"
        "wants = Settings(traces_endpoint='http://localhost:4317'); Observing(wants, Traffic(wants))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 1
    assert "pip install 'onnx-inspector[otel]'" in done.stderr.splitlines()[-1]
