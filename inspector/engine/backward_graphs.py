"""The backward graphs of one model, as they are written for its sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from inspector.engine.kept import Kept
from inspector.grad.backward import BackwardGraph, write_backward
from inspector.grad.kernels.marking import with_marks
from inspector.grad.kernels.rewriting import with_kernels
from inspector.grad.policies.rectifiers import Rectifier, find_rectifiers
from inspector.grad.policies.table import Signal, policy_named
from inspector.grad.writing.builder import Batch
from inspector.graph.expose import Exposed
from inspector.model.spec import OnnxModel
from inspector.runtime.kernels import Kernels
from inspector.types.arrays import Array
from inspector.types.layers import Shape

_MOST = 64
"""Graphs of which it is kept what they are fed."""

AllShapes = Callable[[], Mapping[str, Shape]]
"""Gives the shapes of all tensors in one run: of a fixed batch, else for one image."""


class BackwardKey(NamedTuple):
    """Which backward graph of a model: what tells it from all others."""

    source: str
    target: str
    policy: str
    overrides: tuple[tuple[str, str], ...]
    """Other policies by the tensors that their layers compute, sorted."""
    image: tuple[int, ...]
    """The shape of the images, without the batch axis; () where the model has only one."""
    batch: Batch
    kernels: Kernels | None
    """Those whose operators may stand in the graph."""


class BackwardGraphs:
    """Writes backward graphs. Seeds and gradients of codes are those of the real values. Thread-safe."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._fed: Kept[BackwardKey, Exposed] = Kept(most=_MOST)
        self._written: dict[BackwardKey, BackwardGraph] = {}

    def fed(self, key: BackwardKey, *, shapes: AllShapes) -> Exposed:
        """Return what a graph is fed of a forward pass; where it had to be written, it is there until `forget`."""

        def make() -> Exposed:
            graph = self._write(key, shapes())
            with self._lock:
                self._written[key] = graph
            return graph.fed

        return self._fed.get(key, make)

    def take(self, key: BackwardKey, *, shapes: AllShapes) -> BackwardGraph:
        """Return a graph that nobody else has: one that is there, or a new one."""
        with self._lock:
            written = self._written.pop(key, None)
        return written or self._write(key, shapes())

    def forget(self) -> None:
        """Forget the graphs that nobody took: they hold weights."""
        with self._lock:
            self._written.clear()

    def _write(self, key: BackwardKey, shapes: Mapping[str, Shape]) -> BackwardGraph:
        stock = write_backward(
            self._model.ir,
            source=key.source,
            target=key.target,
            policy=policy_named(key.policy),
            overrides={tensor: policy_named(name) for tensor, name in key.overrides},
            shapes=shapes,
            dtypes=self._model.dtypes,
            batch=key.batch,
            source_steps=self._steps(key.source, key.policy, shapes),
            target_steps=self._steps(key.target, key.policy, shapes),
            rectifiers=self._rectifiers,
        )
        return stock if key.kernels is None else with_marks(with_kernels(stock))

    @cached_property
    def _rectifiers(self) -> Mapping[Any, Rectifier]:
        """Those of the whole graph, which are looked for once for all ways back."""
        return find_rectifiers(self._model.ir.graph)

    def _steps(self, tensor: str, policy: str, shapes: Mapping[str, Shape]) -> Array | None:
        """Return ∂(real value)/∂(code) of a tensor of codes, as it broadcasts; None for others.

        Relevance has no unit of its tensor.
        """
        codes, shape = self._model.codes.get(tensor), shapes.get(tensor)
        if codes is None or shape is None or policy_named(policy).signal is Signal.RELEVANCE:
            return None
        return codes.steps(len(shape)).astype(np.float32)
