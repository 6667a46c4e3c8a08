"""ONNX Runtime alone: the exported file in a plain session, and occlusion as the loop that one would write."""

from __future__ import annotations

import functools
import time

import numpy as np
import onnxruntime

from benchmarks import protocol
from benchmarks.bare import bare_session
from benchmarks.models import SAMPLED, Model, model_named

BATCHES = (1, 2, 4, 8, 16, 32)
"""Of which the loop takes the one that was the fastest in a first try."""


def open_contender(name: str, threads: int) -> protocol.Contender:
    """Create the session and return its tasks; `protocol.SAME` are those with the answers of the file as exported."""
    tasks = dict(tasks_of(model_named(name), threads, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL))
    if model_named(name).fused:
        basic = tasks_of(model_named(name), threads, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC)
        tasks |= {f"{task}{protocol.SAME}": run for task, run in basic.items()}
    return tasks


def tasks_of(model: Model, threads: int, level: onnxruntime.GraphOptimizationLevel) -> protocol.Contender:
    """Return the tasks of a session at one level of optimization."""
    device = protocol.device()
    session = bare_session(model.path, threads=threads, level=level, device=device)
    input_name = session.get_inputs()[0].name
    x = protocol.image(model.side)

    def run(batch: np.ndarray) -> np.ndarray:
        answer: np.ndarray = session.run(None, {input_name: batch})[0]
        return answer

    if model.occlusion is None:
        return {"forward": lambda: run(x)}
    size = model.occlusion.size

    @functools.cache
    def target() -> int:
        return int(run(x).argmax())

    def corners_of(stride: int) -> list[tuple[int, int]]:
        starts = range(0, model.side - size + 1, stride)
        return [(top, left) for top in starts for left in starts]

    corners = corners_of(model.occlusion.stride)

    def scores_of(part: list[tuple[int, int]], count: int) -> np.ndarray:
        # A shorter last batch would have CUDA plan its convolutions anew, and again for the next sweep.
        batch = np.repeat(x, len(part) if device == "cpu" else count, axis=0)
        for occluded, (top, left) in zip(batch[: len(part)], part, strict=True):
            occluded[:, top : top + size, left : left + size] = 0
        return run(batch)[: len(part), target()]

    @functools.cache
    def best_batch() -> int:
        def seconds(count: int) -> float:
            scores_of(corners[:count], count)  # its memory is there from now on
            begun = time.perf_counter()
            for _ in range(repeats := max(1, 16 // count)):
                scores_of(corners[:count], count)
            return (time.perf_counter() - begun) / (repeats * count)

        return min(BATCHES, key=seconds)

    def scores_at(places: list[tuple[int, int]]) -> np.ndarray:
        count = best_batch()
        return np.concatenate(
            [scores_of(places[first : first + count], count) for first in range(0, len(places), count)]
        )

    tasks = {"forward": lambda: run(x), "occlusion": lambda: scores_at(corners)}
    if model.dense is not None:
        places = corners_of(model.dense.stride)
        spread = [places[number * len(places) // SAMPLED] for number in range(SAMPLED)]
        tasks[protocol.DENSE] = lambda: scores_at(spread)
    return tasks


if __name__ == "__main__":
    protocol.serve(open_contender)
