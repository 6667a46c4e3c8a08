"""All by which one server is observed: made of its settings, started and stopped with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from inspector import __version__
from inspector.errors import InvalidInputError
from inspector.extras import DISTRIBUTION
from inspector.service.interceptors.recording import Observer
from inspector.service.logs import lines_dropped
from inspector.service.observing.metrics import Metrics
from inspector.service.observing.page import Page
from inspector.service.observing.pulse import Pulse
from inspector.service.observing.trimming import Trimming
from inspector.service.sample import Sample
from inspector.service.settings import Settings
from inspector.service.traffic import Traffic

if TYPE_CHECKING:
    from inspector.service.observing.tracing import Tracing

log = logging.getLogger(__name__)


class Observing:
    """Metrics and the event loop's pulse, where there is a page for them, and traces."""

    def __init__(self, settings: Settings, traffic: Traffic) -> None:
        self.metrics = Metrics(max_models=settings.max_models)
        self.metrics.ask(lambda: _of_traffic(traffic))
        self.metrics.ask(self._of_the_process)
        self._settings = settings
        self._pulse = Pulse()
        self._trimming = Trimming()
        self._page: Page | None = None
        self._tracing = _tracing(settings)

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Who is told of each call."""
        counting = (self.metrics,) if self._settings.metrics_address else ()
        tracing = () if self._tracing is None else (self._tracing,)
        return (*counting, self._trimming, *tracing)

    @property
    def address(self) -> str:
        """Where the metrics are, with the real port; empty where they are nowhere."""
        return "" if self._page is None else self._page.address

    def start(self, *, ready: Callable[[], bool]) -> None:
        """Begin, in the running event loop; `ready` says whether calls should come, and is asked from other threads."""
        if self._settings.metrics_address:
            self._pulse.start()
            self._page = Page(
                self._settings.metrics_address, self.metrics, alive=self._pulse.is_alive, ready=ready
            )
            log.info("Metrics are at http://%s/metrics", self._page.address)

    async def stop(self) -> None:
        """End; what waits to be told is told, as far as that is quick."""
        await self._pulse.stop()
        if self._page is not None:
            await asyncio.to_thread(self._page.close)
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)

    def _of_the_process(self) -> Iterable[Sample]:
        yield Sample("inspector_build_info", 1, {"version": __version__})
        yield Sample("inspector_loop_delay_seconds", self._pulse.delay)
        yield Sample("inspector_log_lines_dropped", lines_dropped())


def _of_traffic(traffic: Traffic) -> Iterable[Sample]:
    yield Sample("inspector_calls_open", traffic.calls.taken, {"kind": "calls"})
    yield Sample("inspector_calls_open", traffic.health.taken, {"kind": "health"})
    yield Sample("inspector_requests_arriving", traffic.arrivals.count)
    yield Sample("inspector_requests_held_bytes", traffic.requests.held)
    yield Sample("inspector_answers_unread", traffic.answers.count)
    yield Sample("inspector_answers_unread_bytes", traffic.answers.bytes)


def _tracing(settings: Settings) -> Tracing | None:
    if not settings.traces_endpoint:
        return None
    try:
        # OpenTelemetry is an extra: only who wants traces has it.
        from inspector.service.observing.tracing import tracing_to  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            f"Traces are to go to {settings.traces_endpoint!r}, and {error.name!r} is not installed. pip install "
            f"'{DISTRIBUTION}[otel]', or unset INSPECTOR_TRACES_ENDPOINT.",
            field="traces_endpoint",
        ) from error
    return tracing_to(settings.traces_endpoint, ratio=settings.traces_ratio)
