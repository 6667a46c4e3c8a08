"""A real server tells of real calls: its metrics, its traces and its log."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from inspector.client import Client
from inspector.errors import NotFoundError
from inspector.service.observing import tracing
from inspector.service.observing.tracing import Tracing
from inspector.service.server import Server
from tests.service.test_metrics import get, number, numbers
from tests.support.patience import PATIENCE, eventually
from tests.support.server import running_server, server_process
from tests.support.toys import toy_cnn, toy_image

PREDICT = "/inspector.v1.InspectionService/Predict"


def look(server: Server) -> bytes:
    with urllib.request.urlopen(f"http://{server.observing.address}/metrics", timeout=PATIENCE) as page:
        return bytes(page.read())


def test_metrics_tell_of_calls_models_gates_and_workers(tmp_path: Path) -> None:
    with running_server(tmp_path, metrics_address="127.0.0.1:0") as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy")
        model = client.model("toy")
        for _ in range(3):
            model.predict(toy_image())
        with pytest.raises(NotFoundError):
            client.model("no-such").predict(toy_image())
        calls = {"method": PREDICT, "code": "OK", "model": "models/toy"}
        assert eventually(lambda: number(look(server), "inspector_calls_total", **calls) == 3)
        text = look(server)
        found = numbers(text)
        # A name that no model has is no label: callers could make up as many as they like.
        assert not any("no-such" in value for _, labels in found for _, value in labels)
        for phase in ("queue", "worker", "run"):
            assert number(text, "inspector_phase_seconds_count", phase=phase) >= 3
        run = number(text, "inspector_phase_seconds_sum", phase="run")
        assert 0 < run <= number(text, "inspector_phase_seconds_sum", phase="worker")
        assert number(text, "inspector_models", state="ready") == 1
        assert number(text, "inspector_gate_running", gate="models/toy") == 0
        assert number(text, "inspector_workers") >= 1
        kept = [value for (name, _), value in found.items() if name == "inspector_worker_sessions"]
        assert max(kept) >= 1
        assert number(text, "inspector_request_bytes_total", method=PREDICT) > 3 * toy_image().nbytes
        assert number(text, "inspector_response_bytes_total", method=PREDICT) > 0
        assert number(text, "inspector_requests_held_bytes") == 0
        assert get(server.observing.address, "/readyz") == (200, b"ready\n")


def test_a_trace_goes_from_the_caller_to_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracing_to", lambda endpoint, *, ratio: Tracing(provider))
    with (
        running_server(tmp_path, traces_endpoint="http://nowhere:4317") as server,
        Client(server.address) as client,
    ):
        client.upload(toy_cnn(), name="toy")
        client.model("toy").predict(toy_image())

        name = PREDICT.lstrip("/")
        assert eventually(lambda: any(span.name == name for span in exporter.get_finished_spans()))
    found: tuple[Any, ...] = exporter.get_finished_spans()
    (call,) = (span for span in found if span.name == name)
    mine = {span.name: span for span in found if span.context.trace_id == call.context.trace_id}
    assert mine.keys() == {name, "queue", "worker", "run"}
    worker, run = mine["worker"], mine["run"]
    assert run.parent.span_id == worker.context.span_id
    assert worker.parent.span_id == call.context.span_id
    assert call.start_time <= worker.start_time <= run.start_time <= run.end_time <= worker.end_time
    assert call.attributes["inspector.model"] == "models/toy"


def test_a_server_logs_in_json_where_asked(tmp_path: Path) -> None:
    with server_process(tmp_path, log_format="json") as (process, address):
        with grpc.insecure_channel(address) as channel:
            call: Any = channel.unary_unary("/inspector.v1.ModelService/ListModels")
            call(b"", timeout=PATIENCE, metadata=(("x-request-id", "call-7"),))
        process.terminate()
        _, told = process.communicate(timeout=PATIENCE)
    lines = [json.loads(line) for line in told.splitlines()]
    (mine,) = (line for line in lines if line.get("request_id") == "call-7")
    assert (mine["method"], mine["code"]) == ("/inspector.v1.ModelService/ListModels", "OK")
    assert any(line["message"].startswith("Serving on") for line in lines)


def test_metrics_on_a_port_that_is_taken_stop_the_start(tmp_path: Path) -> None:
    with running_server(tmp_path / "one", metrics_address="127.0.0.1:0") as server:
        taken = server.observing.address
        with server_process(tmp_path / "two", metrics_address=taken) as (process, address):
            assert address == ""
            _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "cannot listen" in told


def test_without_a_page_nothing_is_counted(tmp_path: Path) -> None:
    def counted(server: Server) -> bool:
        return server.observing.metrics in server.observing.observers

    with running_server(tmp_path / "one") as server, Client(server.address) as client:
        assert client.models() == ()
        assert not counted(server)
        assert server.observing._pulse._beating is None
    with running_server(tmp_path / "two", metrics_address="127.0.0.1:0") as server:
        assert counted(server)
        assert server.observing._pulse._beating is not None
