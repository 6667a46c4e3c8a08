"""The numbers of a server, as Prometheus reads them."""

from __future__ import annotations

import asyncio
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families

from inspector.errors import ConflictError, InvalidInputError
from inspector.service.observing.metrics import COUNTERS, GAUGES, OTHER, Few, Metrics
from inspector.service.observing.page import Page
from inspector.service.observing.pulse import EVERY, Pulse
from inspector.service.record import CallRecord
from inspector.service.sample import Sample

METHOD = "/inspector.v1.InspectionService/Predict"


def numbers(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what Prometheus would keep of a page, by name and labels."""
    families = text_string_to_metric_families(text.decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def number(text: bytes, name: str, **labels: str) -> float:
    return numbers(text)[name, frozenset(labels.items())]


def ended(**changes: object) -> CallRecord:
    record = CallRecord(id="1", method=METHOD, model="models/toy", code="OK")
    for name, value in changes.items():
        setattr(record, name, value)
    return record


def test_calls_are_counted_by_method_code_and_model() -> None:
    metrics = Metrics(max_models=10)
    for record in (ended(), ended(), ended(code="NOT_FOUND"), ended(model="")):
        metrics.ended(record)
    text = metrics.text()
    assert number(text, "inspector_calls_total", method=METHOD, code="OK", model="models/toy") == 2
    assert number(text, "inspector_calls_total", method=METHOD, code="NOT_FOUND", model="models/toy") == 1
    assert number(text, "inspector_calls_total", method=METHOD, code="OK", model="") == 1


def test_times_and_bytes_add_up() -> None:
    metrics = Metrics(max_models=10)
    record = ended(request_bytes=10, response_bytes=30, began=time.time_ns() - 2_000_000_000)
    record.phase("queue", began=0, ended=500_000_000)
    metrics.ended(record)
    text = metrics.text()
    assert number(text, "inspector_request_bytes_total", method=METHOD) == 10
    assert number(text, "inspector_response_bytes_total", method=METHOD) == 30
    assert number(text, "inspector_call_seconds_sum", method=METHOD) >= 2
    assert number(text, "inspector_call_seconds_bucket", method=METHOD, le="1.0") == 0
    assert number(text, "inspector_call_seconds_bucket", method=METHOD, le="+Inf") == 1
    assert number(text, "inspector_phase_seconds_sum", phase="queue") == 0.5


def test_labels_are_bounded_whatever_callers_name() -> None:
    metrics = Metrics(max_models=3)
    for index in range(100):
        metrics.ended(ended(model=f"models/m{index}"))
    found = [key for key in numbers(metrics.text()) if key[0] == "inspector_calls_total"]
    assert len(found) == 7
    assert number(metrics.text(), "inspector_calls_total", method=METHOD, code="OK", model=OTHER) == 94


def test_a_label_that_is_known_stays() -> None:
    few = Few(1)
    assert [few("a"), few("b"), few("a")] == ["a", OTHER, "a"]


def test_sources_are_asked_whenever_somebody_looks() -> None:
    metrics, waiting = Metrics(max_models=1), [1]
    metrics.ask(lambda: [Sample("inspector_gate_waiting", waiting[0], {"gate": "toy"})])
    metrics.ask(lambda: [Sample("inspector_worker_ends", 3, {"reason": "crash"})])
    assert number(metrics.text(), "inspector_gate_waiting", gate="toy") == 1
    waiting[0] = 5
    assert number(metrics.text(), "inspector_gate_waiting", gate="toy") == 5
    assert number(metrics.text(), "inspector_worker_ends_total", reason="crash") == 3


def test_a_source_that_fails_takes_no_other_along() -> None:
    def fails() -> list[Sample]:
        raise KeyError("x")

    metrics = Metrics(max_models=1)
    metrics.ask(fails)
    metrics.ask(lambda: [Sample("inspector_answers_unread", 2)])
    assert number(metrics.text(), "inspector_answers_unread") == 2


def test_the_process_tells_of_itself() -> None:
    found = {name for name, _ in numbers(Metrics(max_models=1).text())}
    assert {"process_resident_memory_bytes", "process_open_fds"} <= found


def test_no_name_stands_for_two_things() -> None:
    assert not GAUGES.keys() & COUNTERS.keys()
    assert not any(name.endswith("_total") for name in COUNTERS)  # Prometheus adds it


@contextmanager
def page(*, alive: bool = True, ready: bool = True) -> Iterator[str]:
    opened = Page("127.0.0.1:0", Metrics(max_models=1), alive=lambda: alive, ready=lambda: ready)
    try:
        yield opened.address
    finally:
        opened.close()


def get(address: str, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_page_tells_metrics_and_states() -> None:
    with page() as address:
        status, text = get(address, "/metrics")
        assert status == 200
        assert numbers(text)
        assert get(address, "/livez") == (200, b"alive\n")
        assert get(address, "/readyz?verbose") == (200, b"ready\n")
        assert get(address, "/etc/passwd")[0] == 404


@pytest.mark.parametrize(
    ("states", "path", "status"),
    [
        ({"alive": False}, "/livez", 503),
        ({"ready": False}, "/readyz", 503),
        ({"ready": False}, "/livez", 200),
        ({"alive": False}, "/metrics", 200),
    ],
)
def test_alive_and_ready_are_different_things(states: dict[str, bool], path: str, status: int) -> None:
    with page(**states) as address:
        assert get(address, path)[0] == status


def test_readers_that_say_nothing_keep_nobody_out_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.service.observing.page._SECONDS", 0.5)
    with page() as address:
        host, _, port = address.partition(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(40)]
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                assert get(address, "/livez")[0] == 200
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("The page does not come back")
        for connection in silent:
            connection.close()


def test_an_address_that_is_taken_or_none_is_refused_by_its_setting() -> None:
    with page() as address, pytest.raises(ConflictError) as caught:
        Page(address, Metrics(max_models=1), alive=lambda: True, ready=lambda: True)
    assert (caught.value.reason, caught.value.field) == ("ADDRESS_IN_USE", "metrics_address")
    with pytest.raises(InvalidInputError) as refused:
        Page("nowhere", Metrics(max_models=1), alive=lambda: True, ready=lambda: True)
    assert refused.value.field == "metrics_address"


@pytest.mark.parametrize("host", ["a..b", "a" * 64], ids=["no label", "a long label"])
def test_a_name_that_no_host_can_have_is_refused_by_its_setting(host: str) -> None:
    with pytest.raises(InvalidInputError, match="no address of this machine") as refused:
        Page(f"{host}:0", Metrics(max_models=1), alive=lambda: True, ready=lambda: True)
    assert (refused.value.reason, refused.value.field) == ("ADDRESS_UNUSABLE", "metrics_address")


def test_a_loop_that_is_held_up_shows() -> None:
    async def run() -> tuple[float, float]:
        pulse = Pulse()
        pulse.start()
        await asyncio.sleep(3 * EVERY)
        before = pulse.delay
        time.sleep(10 * EVERY)
        during = pulse.delay
        await asyncio.sleep(2 * EVERY)
        after = pulse.delay
        assert pulse.is_alive()
        await pulse.stop()
        return before, min(during, after)

    before, after = asyncio.run(run())
    assert after > 5 * EVERY
    assert before < after
