"""What one writes by hand: a session of the exported file, and images of one image in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from benchmarks.bare import bare_session
from inspector.face.local import LocalBackend
from inspector.runtime.session import Optimization

Array = np.ndarray


class Loop:
    """A bare session on one thread, which is asked for some outputs of made inputs alone."""

    def __init__(
        self, file: Path | bytes, outputs: Sequence[str], *, level: onnxruntime.GraphOptimizationLevel
    ) -> None:
        """Open a file or a model in memory; without `outputs`, the first one is asked for."""
        self._session = bare_session(file, threads=1, level=level)
        image = self._session.get_inputs()[0]
        self._name = image.name
        self.batch = image.shape[0] if image.shape and isinstance(image.shape[0], int) else None
        """What the file was exported for; None where it takes any number."""
        self._outputs = list(outputs) or [self._session.get_outputs()[0].name]

    def run(self, make: Callable[[range], Array], count: int, batch: int) -> list[Array]:
        """Return the outputs of `count` inputs, of which `make` gives those of a range, so many at a time."""
        found = []
        for start in range(0, count, batch):
            made = make(range(start, min(start + batch, count)))
            found.append(self._session.run(self._outputs, {self._name: made}))
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def batches_of(loop: Loop, batches: Sequence[int]) -> list[int]:
    """Return which sizes of batches a loop can try: of a file with a fixed one, that alone."""
    return list(batches) if loop.batch is None else [loop.batch]


def level_of(backend: LocalBackend) -> onnxruntime.GraphOptimizationLevel:
    """Return how far the runtime may rewrite the graph so that its answers stay those of the model's own session."""
    fuses = backend.engine.sessions.fuses_codes()
    return (Optimization.ALL if fuses else Optimization.BASIC).value


def probabilities(scores: Array, *, are_final: bool) -> Array:
    """Return (N, classes) probabilities of a file's output: the softmax where it gives scores."""
    flat = scores.reshape(len(scores), -1).astype(np.float32)
    if are_final:
        return flat
    shown = np.exp(flat - flat.max(axis=1, keepdims=True))
    return np.asarray(shown / shown.sum(axis=1, keepdims=True))
