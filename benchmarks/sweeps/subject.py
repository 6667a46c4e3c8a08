"""One model that is swept, with an image of noise, and the loop over its file."""

from __future__ import annotations

from functools import cached_property

import numpy as np

import inspector
from benchmarks.models import Model
from benchmarks.sweeps.loop import Array, Loop, level_of, probabilities
from inspector.face.local import LocalBackend


class Subject:
    """A model as both contenders have it."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.ours = inspector.load(model.path, device="cpu")
        backend = self.ours.backend
        assert isinstance(backend, LocalBackend)
        self.engine = backend.engine
        self.level = level_of(backend)
        sizes = self.engine.model.input.image_shape
        shape = (1, *(size if isinstance(size, int) else model.side for size in sizes))
        self.x: Array = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        """(1, channels, height, width)."""
        self.side = shape[-1]

    @cached_property
    def loop(self) -> Loop:
        """The loop over the file, for its first output."""
        return Loop(self.model.path, (), level=self.level)

    def all_answers(self, scores: Array) -> Array:
        """Return the probabilities of all classes by the file's own output, (N, classes)."""
        head = self.engine.head_of(None)
        return probabilities(scores, are_final=head.holds_probabilities)

    def answers(self, scores: Array) -> Array:
        """Return those of class 0, (N,)."""
        return self.all_answers(scores)[:, 0]


def apart(one: Array, other: Array) -> float:
    """Return the largest difference, by the largest magnitude."""
    return float(np.abs(one - other).max() / max(np.abs(other).max(), np.finfo(np.float32).tiny))
