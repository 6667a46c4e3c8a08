"""This package, in process."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable

import numpy as np

from benchmarks import protocol
from benchmarks.models import Occlusion, model_named
from inspector import load

with contextlib.suppress(ImportError):  # an earlier version imports all at once
    from inspector.methods.verbs import ANSWERS

    len(ANSWERS)  # imports all methods, as the first call would: imports are measured by themselves


def open_contender(name: str, _threads: int) -> protocol.Contender:
    """Load the model and return its tasks; its threads are set by INSPECTOR_THREADS."""
    spec = model_named(name)
    model = load(spec.path, device=protocol.device())
    x = protocol.image(spec.side)

    @functools.cache
    def target() -> int | None:
        # The same class on all sides; whoever is alone explains what is its default.
        return None if spec.architecture is None else model.predict(x, top=1)[0].classes[0].index

    def predict() -> np.ndarray:
        return np.array([score.score for score in model.predict(x)[0].classes])

    def attribute(method: str) -> np.ndarray:
        return model.attribute(x, method=method, target=target()).maps

    def occlude(occlusion: Occlusion) -> np.ndarray:
        found = model.occlude(x, target=target(), size=occlusion.size, stride=occlusion.stride, fill=0.0)
        return found.probability

    tasks: dict[str, Callable[[], np.ndarray]] = {}
    if spec.occlusion is not None:
        tasks |= {"forward": predict, "occlusion": functools.partial(occlude, spec.occlusion)}
    if spec.dense is not None:
        tasks[protocol.DENSE] = functools.partial(occlude, spec.dense)
    return tasks | {name: functools.partial(attribute, name) for name in protocol.METHODS}


if __name__ == "__main__":
    protocol.serve(open_contender)
