"""How long a forward pass takes, against that of the baseline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.trials import trials
from inspector.checks.rule import Found, rule
from inspector.engine.image_sizes import ImageSizeError
from inspector.engine.run import Run

_LEAST, _MOST = 5, 50
"""Rounds."""
_SECONDS = 2.0
"""After which no round begins."""


@rule(
    "latency",
    family="budget",
    severity="warning",
    rationale="A model that computes the same in more time costs more to serve; a ratio of the same run holds on other "
    "machines where seconds do not.",
    mend="Look for layers that the exporter no longer fused, or a type that this device computes slowly.",
    needs=("baseline", "runs"),
)
def latency(examination: Examination, *, most: float | None = None) -> Iterator[Found]:
    """Find a median time of a forward pass that is more than so many times the baseline's; the ratio is told anyway."""
    baseline = examination.baseline
    if baseline is None:
        return
    own = _pass(examination, examination.run)
    try:
        other = _pass(examination, baseline)
    except ImageSizeError as error:
        raise SkippedError(f"the baseline does not run on these images: {error.message}") from None
    times: tuple[list[float], list[float]] = ([], [])
    begun = time.perf_counter()
    while len(times[0]) < _LEAST or (len(times[0]) < _MOST and time.perf_counter() - begun < _SECONDS):
        examination.run.control.cancellation.raise_if_cancelled()
        order = (0, 1) if len(times[0]) % 2 else (1, 0)
        for which in order:
            times[which].append(_seconds((own, other)[which]))
    mine, theirs = median(times[0]), median(times[1])
    ratio = mine / theirs
    examination.tell("latency_ratio", ratio)
    examination.tell("latency_ms", 1000 * mine)
    examination.tell("baseline_latency_ms", 1000 * theirs)
    if most is not None and ratio > most:
        yield Found(
            message=f"A forward pass of one image takes {ratio:.2f} times as long as the baseline's: "
            f"{1000 * mine:.2f} ms against {1000 * theirs:.2f} ms, the medians of {len(times[0])} by turns.",
            measured=f"{ratio:.2f} times the baseline's",
            allowed=f"{most:g} times",
        )


def _pass(examination: Examination, run: Run) -> Callable[[], None]:
    """Return what runs one image forward; it has run once."""
    engine = run.engine
    image = trials(Examination(run, examination.request))[0]
    chunk = engine.filled(image)
    outputs = [output.name for output in engine.model.outputs]

    def once() -> None:
        engine.fetch(chunk, outputs, cancellation=run.control.cancellation)

    once()
    return once


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
