"""Rows: how the views of a step are cut into runs of the model, and what runs give put together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.graph.writer import Writer

Ends = dict[str, tuple[ir.Value, ir.Shape | Sequence[int | str | None]]]
"""Outputs of a graph, as a Writer finishes it."""


@dataclass(frozen=True, kw_only=True)
class RunRows:
    """One run of the model."""

    start: int
    count: int
    """How many views it shows."""
    batch: int | None
    """How many images the run takes, of which those beyond `count` are copies of the last; None: no batch axis."""
    copies: bool = False
    """Whether all images of the batch are copies of one view, all of which a tensor may depend on."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """All runs of a step."""

    runs: tuple[RunRows, ...]

    @property
    def count(self) -> int:
        """How many views there are."""
        return sum(run.count for run in self.runs)

    @property
    def images(self) -> tuple[str, ...]:
        """The names of the runs' inputs."""
        return tuple(f"synthesis/images_{index}" for index in range(len(self.runs)))

    def pulls(self, source: int) -> tuple[str, ...]:
        """Return the names of the gradients at the runs' images, of one source."""
        return tuple(f"synthesis/pull_{source}_{index}" for index in range(len(self.runs)))

    def raw(self, source: int) -> tuple[str, ...]:
        """Return the names of what runs give at a source."""
        return tuple(f"synthesis/value_{source}_{index}" for index in range(len(self.runs)))

    def seeds(self, source: int) -> tuple[str, ...]:
        """Return the names of the seeds of runs at a source."""
        return tuple(f"synthesis/seed_{source}_{index}" for index in range(len(self.runs)))

    def write_images(self, w: Writer, images: ir.Value, shape: Sequence[int]) -> Ends:
        """Write images (rows, *shape) as the runs take them."""
        found: Ends = {}
        for name, run in zip(self.images, self.runs, strict=True):
            last = run.start + run.count - 1
            taken = [min(run.start + place, last) for place in range(run.batch or 1)]
            part = images
            if taken != list(range(self.count)):
                part = w.op("Gather", images, w.ints(taken), axis=0)
            whole = [*shape] if run.batch is None else [run.batch, *shape]
            if run.batch is None:
                part = w.op("Reshape", part, w.ints(whole))
            if images.dtype is not None:
                part.dtype = images.dtype
            found[name] = (part, whole)
        return found

    def write_pulls(self, w: Writer, shape: Sequence[int], sources: int) -> ir.Value:
        """Write (rows, *shape): the gradients at the runs' images, summed over sources."""
        parts = []
        for index, run in enumerate(self.runs):
            outer = [*shape] if run.batch is None else [run.batch, *shape]
            given = [w.input(self.pulls(source)[index], outer) for source in range(sources)]
            parts.append(self._own(w, w.sum(given), run, shape))
        return parts[0] if len(parts) == 1 else w.op("Concat", *parts, axis=0)

    def write_values(self, w: Writer, raw: Sequence[ir.Value], shape: Sequence[int]) -> ir.Value:
        """Write (rows, *shape): what runs gave at one source, float32."""
        parts = []
        for run, value in zip(self.runs, raw, strict=True):
            part = value
            if (run.batch or 1) > run.count:
                part = w.op("Slice", part, w.ints([0]), w.ints([run.count]), w.ints([0]))
            parts.append(w.op("Reshape", part, w.ints([run.count, *shape])))
        return parts[0] if len(parts) == 1 else w.op("Concat", *parts, axis=0)

    def write_seeds(
        self, w: Writer, gradient: ir.Value, source: int, shapes: Sequence[Sequence[int]]
    ) -> Ends:
        """Write the seeds of one source in the shapes of what runs gave there, of gradients (rows, …)."""
        found: Ends = {}
        for name, run, shape in zip(self.seeds(source), self.runs, shapes, strict=True):
            ends = w.ints([run.start]), w.ints([run.start + run.count]), w.ints([0])
            part = gradient if len(self.runs) == 1 else w.op("Slice", gradient, *ends)
            if (run.batch or 1) > run.count:
                size = int(np.prod(shape)) // (run.batch or 1)
                flat = w.op("Reshape", part, w.ints([run.count, size]))
                rest = w.constant(np.zeros(((run.batch or 1) - run.count, size)))
                part = w.op("Concat", flat, rest, axis=0)
            found[name] = (w.op("Reshape", part, w.ints(list(shape))), shape)
        return found

    def _own(self, w: Writer, pull: ir.Value, run: RunRows, shape: Sequence[int]) -> ir.Value:
        """Write a run's gradient (count, *shape) without what filled the batch up; of copies, their sum."""
        if run.copies and (run.batch or 1) > 1:
            return w.op("ReduceSum", pull, w.ints([0]), keepdims=1)
        if run.batch is None:
            return w.op("Reshape", pull, w.ints([1, *shape]))
        if run.batch == run.count:
            return pull
        return w.op("Slice", pull, w.ints([0]), w.ints([run.count]), w.ints([0]))
