"""What work costs on this machine, in seconds, measured by short runs and remembered as long as the process lives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from inspector.engine.sessions import Opened
from inspector.engine.sweeping.crops import Crops, Part
from inspector.graph.incremental.costs import LARGE, SMALL, Costs
from inspector.graph.incremental.intervals import Intervals
from inspector.graph.incremental.work import KINDS, POINTWISE_WORK
from inspector.graph.incremental.yardsticks import CHANNELS, INPUT, OUTPUT, yardstick
from inspector.graph.pack import pack_own

_IMAGES = (16, 2)
"""That run at a time, of small maps and of large ones."""
_REPEATS = 4

_KNOWN: dict[bool, Costs] = {}
_LOCK = threading.Lock()


def costs(opened: Opened, *, coded: bool) -> Costs:
    """Return the costs of sessions that `opened` makes, of graphs on codes or on floats."""
    with _LOCK:
        if coded not in _KNOWN:
            _KNOWN[coded] = _measured(opened, coded=coded)
        return _KNOWN[coded]


def _measured(opened: Opened, *, coded: bool) -> Costs:
    found: list[dict[str, float]] = [{}, {}]
    call = 1.0
    for kind in KINDS:
        graph, work = yardstick(kind, coded=coded)
        session = opened(pack_own(graph))
        for rates, side, images in zip(found, (SMALL, LARGE), _IMAGES, strict=True):
            outer = side if kind == POINTWISE_WORK else side + 2
            x = np.ones((images, CHANNELS, outer, outer), np.uint8 if coded else np.float32)
            rates[kind] = _least(lambda: session.run({INPUT: x}, [OUTPUT])) / (images * side**2 * work)  # noqa: B023
        least = np.ones((1, CHANNELS, 3, 3), np.uint8 if coded else np.float32)
        call = min(call, _least(lambda: session.run({INPUT: least}, [OUTPUT])))  # noqa: B023
    return Costs(small=found[0], large=found[1], call=call, **_copying())


def _copying() -> dict[str, float]:
    """Return what crops of two sizes cost, per byte and apart from bytes."""
    taken = []
    for side in (2, 24):
        count = 16
        clean = np.ones((1, CHANNELS, 48, 48), np.float32)
        starts = np.stack([np.arange(count), np.arange(count)], axis=1)
        wanted, changed = Intervals(starts, (side, side)), Intervals(starts, (side - 1, side - 1))
        crops = Crops(clean, (2, 3), wanted, fill=None, count=count)
        part = Part(np.ones((count, CHANNELS, side - 1, side - 1), np.float32), changed)
        taken.append((_least(lambda: crops.cut(starts, part)) / count, 4 * CHANNELS * side**2))  # noqa: B023
    (small, few), (large, many) = taken
    byte = max((large - small) / (many - few), 1e-13)
    return {"byte": byte, "crop": max(small - few * byte, 1e-7)}


def _least(run: Callable[[], object]) -> float:
    """Return the least of some times, in seconds."""
    run()
    times = []
    for _ in range(_REPEATS):
        begun = time.thread_time()
        run()
        times.append(time.thread_time() - begun)
    return min(times)
