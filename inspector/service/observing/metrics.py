"""The numbers that a server tells of itself, for Prometheus.

Two ways in, neither of which knows Prometheus. Calls that have ended come as their records. What is so and so much now
(waiting calls, memory, sessions) is asked for when somebody looks: a *source* is a function that returns samples, and
each part of the server that has numbers offers one. GAUGES and COUNTERS list what sources may tell.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from inspector.service.record import CallRecord
from inspector.service.sample import Source

log = logging.getLogger(__name__)

_MOST_FOUND = 10_000
OTHER = "other"
"""The label of what there is no room for among the labels."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "inspector_build_info": ("1, with the version.", ("version",)),
    "inspector_calls_open": ("Calls and streams that are open.", ("kind",)),
    "inspector_requests_arriving": ("Requests that have not come whole.", ()),
    "inspector_requests_held_bytes": ("Bytes of the requests that wait or run.", ()),
    "inspector_answers_unread": ("Answers that their callers have not read yet.", ()),
    "inspector_answers_unread_bytes": ("Bytes of the answers that their callers have not read yet.", ()),
    "inspector_gate_running": ("Calls that run behind a gate, such as a model's.", ("gate",)),
    "inspector_gate_waiting": ("Calls that wait before a gate.", ("gate",)),
    "inspector_models": ("Models by their state.", ("state",)),
    "inspector_loop_delay_seconds": ("The longest that the event loop was held up of late.", ()),
    "inspector_workers": ("Workers that run.", ()),
    "inspector_worker_memory_bytes": ("Memory that a worker has resident.", ("worker",)),
    "inspector_worker_sessions": ("Sessions of the runtime that a worker keeps.", ("worker",)),
    "inspector_worker_calls": ("Calls that a worker has under way.", ("worker",)),
}
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "inspector_worker_starts": ("Workers that were started.", ()),
    "inspector_worker_ends": (
        'Workers that ended: of a "crash", of their "memory", or as they were "told".',
        ("reason",),
    ),
    "inspector_log_lines_dropped": ("Lines that nobody read in time.", ()),
}


class Metrics:
    """The numbers of one server."""

    def __init__(self, *, max_models: int) -> None:
        """Know up to twice `max_models` by their names; those that come after them are "other"."""
        self._registry = CollectorRegistry()
        self._sources = _Sources()
        self._registry.register(self._sources)
        ProcessCollector(registry=self._registry)
        self._models = Few(2 * max_models)
        self._methods = Few(200)
        self._phases = Few(20)
        self._found: dict[tuple[str, str, str], tuple[Counter, Histogram, Counter, Counter]] = {}
        self._calls = Counter(
            "inspector_calls", "Calls that have ended.", ("method", "code", "model"), registry=self._registry
        )
        self._seconds = Histogram(
            "inspector_call_seconds",
            "How long calls took, waiting included.",
            ("method",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._phase_seconds = Histogram(
            "inspector_phase_seconds",
            "How long parts of calls took: waiting for a turn, being with a worker, running.",
            ("phase",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._received = Counter(
            "inspector_request_bytes", "Bytes of requests.", ("method",), registry=self._registry
        )
        self._sent = Counter(
            "inspector_response_bytes", "Bytes of responses.", ("method",), registry=self._registry
        )

    def ask(self, source: Source) -> None:
        """Ask a part of the server for its numbers from now on, whenever somebody looks."""
        self._sources.add(source)

    def begun(self, record: CallRecord, metadata: object) -> None:
        """Wait for its end."""

    def ended(self, record: CallRecord) -> None:
        """Count a call that has ended."""
        calls, seconds, received, sent = self._of(record)
        calls.inc()
        seconds.observe((time.time_ns() - record.began) / 1e9)
        received.inc(record.request_bytes)
        sent.inc(record.response_bytes)
        for phase in record.phases:
            self._phase_seconds.labels(self._phases(phase.name)).observe((phase.ended - phase.began) / 1e9)

    def _of(self, record: CallRecord) -> tuple[Counter, Histogram, Counter, Counter]:
        """Return what counts calls like this one; to look each up takes longer than to count."""
        key = record.method, record.code, record.model
        found = self._found.get(key)
        if found is None:
            method = self._methods(record.method)
            found = (
                self._calls.labels(method, record.code, self._models(record.model)),
                self._seconds.labels(method),
                self._received.labels(method),
                self._sent.labels(method),
            )
            if len(self._found) < _MOST_FOUND:
                self._found[key] = found
        return found

    def text(self) -> bytes:
        """Return all numbers in Prometheus' text format."""
        return bytes(generate_latest(self._registry))


class Few:
    """Lets so many different labels pass as they are, those that come first; the others are "other".

    Every label costs memory here and in Prometheus for ever, and callers name models.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, label: str) -> str:
        """Return the label to count under."""
        if label in self._known:
            return label
        if len(self._known) >= self._most:
            return OTHER
        self._known.add(label)
        return label


class _Sources(Collector):
    """Asks the sources when somebody looks."""

    def __init__(self) -> None:
        self._sources: list[Source] = []

    def add(self, source: Source) -> None:
        self._sources.append(source)

    def describe(self) -> Iterable[Metric]:
        """Say nothing before there is somebody to ask."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield what the sources tell, each name once."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for source in list(self._sources):
            try:
                samples = list(source())
            except Exception:  # the others are still worth telling
                log.exception("A source of metrics failed")
                continue
            for sample in samples:
                family = families.setdefault(sample.name, _family(sample.name))
                labels = [str(sample.labels[label]) for label in _labels(sample.name)]
                family.add_metric(labels, sample.value)
        yield from families.values()


def _family(name: str) -> GaugeMetricFamily | CounterMetricFamily:
    if name in GAUGES:
        return GaugeMetricFamily(name, GAUGES[name][0], labels=GAUGES[name][1])
    return CounterMetricFamily(name, COUNTERS[name][0], labels=COUNTERS[name][1])


def _labels(name: str) -> tuple[str, ...]:
    return (GAUGES | COUNTERS)[name][1]
