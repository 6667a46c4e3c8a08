"""Times of two graphs, there and back, on one thread: contenders take turns, and processor time is counted.

So a busy machine disturbs little. What the product pays beside (Python, threads that wait) is in benchmarks.md.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
import onnxruntime as ort

from inspector.grad.backward import GRADIENT, SEED, BackwardGraph
from inspector.graph.expose import SWITCHES, expose
from inspector.types.arrays import Array

QUANTILE = 0.2
"""Of the times of one contender: what a quiet moment gives, without the luck of the very best."""


@dataclass(frozen=True)
class Lane:
    """A session with all that it is fed."""

    session: ort.InferenceSession
    binding: ort.IOBinding

    def run(self) -> float:
        """Run once; return the milliseconds of this thread."""
        start = time.thread_time()
        self.session.run_with_iobinding(self.binding)
        return (time.thread_time() - start) * 1e3

    def outputs(self) -> list[ort.OrtValue]:
        """Run and return what was fetched."""
        self.session.run_with_iobinding(self.binding)
        found: list[ort.OrtValue] = self.binding.get_outputs()
        return found


def lane(
    graph: bytes,
    feeds: Mapping[str, ort.OrtValue],
    fetch: list[str],
    *,
    basic: bool = False,
    shared: bool = True,
) -> Lane:
    """Return a session of a graph, with the options of the product's where it is one of the product's own."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    if shared:
        options.add_session_config_entry("session.disable_prepacking", "1")
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_BASIC if basic else level.ORT_ENABLE_ALL
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for name, value in feeds.items():
        binding.bind_ortvalue_input(name, value)
    for name in fetch or [output.name for output in session.get_outputs()]:
        binding.bind_output(name, "cpu")
    return Lane(session, binding)


@dataclass(frozen=True)
class Trip:
    """There and back."""

    forward: Lane
    backward: Lane

    def gradient(self) -> Array:
        """Return the gradient of the last run."""
        found: Array = self.backward.outputs()[0].numpy().copy()
        return found


def trip(model: ir.Model, graph: BackwardGraph, source: str, x: Array, *, basic: bool = False) -> Trip:
    """Return the sessions of a model and its backward graph, fed with one image and a random seed."""
    given = onnx_bytes(
        expose(model, tensors=list(dict.fromkeys((source, *graph.saved))), switches=graph.switches)
    )
    fetch = list(dict.fromkeys((source, *graph.saved, *(name + SWITCHES for name in graph.switches))))
    image = model.graph.inputs[0].name or ""
    fed = {image: ort.OrtValue.ortvalue_from_numpy(x)}
    forward = lane(given, fed, fetch, basic=basic)
    values = dict(zip(fetch, forward.outputs(), strict=True))
    shape = values[source].shape()
    seed = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    feeds = {SEED: ort.OrtValue.ortvalue_from_numpy(seed)}
    feeds |= {name: values[name] for name in (*graph.saved, *(one + SWITCHES for one in graph.switches))}
    return Trip(forward, lane(onnx_bytes(graph.model), feeds, [GRADIENT]))


def onnx_bytes(model: ir.Model) -> bytes:
    """Return a model as a file holds it."""
    return bytes(ir.to_proto(model).SerializeToString())


def race(lanes: Mapping[str, Lane], *, seconds: float, fewest: int = 6) -> dict[str, float]:
    """Run all in turn, forwards and backwards, for about so long; return milliseconds by label.

    The first of two runs in a row finds the caches cold and is not counted.
    """
    taken: dict[str, list[float]] = defaultdict(list)
    end = time.monotonic() + seconds
    turn = 0
    while turn < fewest or time.monotonic() < end:
        labels = list(lanes)
        for label in labels if turn % 2 == 0 else reversed(labels):
            lanes[label].run()
            taken[label].append(lanes[label].run())
        turn += 1
    return {label: float(np.quantile(each, QUANTILE)) for label, each in taken.items()}
