"""The aim: what runs of the model gave at the objective's tensors, to scores and to the seeds there, as one graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.grad.backward import GRADIENT
from inspector.grad.synthesis.differentiated import gradient_of
from inspector.graph.joined import joined
from inspector.graph.pack import PackedGraph, pack
from inspector.graph.synthesis.objectives import Objective, bounds
from inspector.graph.synthesis.rows import Ends, Rows
from inspector.graph.writer import Writer
from inspector.model.codes import Codes
from inspector.types.arrays import Array

SCORES = "synthesis/scores"
"""(rows,): what is to grow, of each view."""
_VALUES, _TOTAL = "synthesis/values", "synthesis/total"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A tensor that the objective reads."""

    tensor: str
    shape: tuple[int, ...]
    """Of one image's values."""
    dtype: str
    runs: tuple[tuple[int, ...], ...]
    """The shapes of what the runs give there."""
    codes: Codes | None = None


def write_aim(objective: Objective, sources: Sequence[Source], rows: Rows) -> PackedGraph:
    """Return the graph with inputs `rows.raw(i)` for each source, outputs SCORES and `rows.seeds(i)`."""
    sizes = [int(np.prod(source.shape)) for source in sources]
    forward = _objective(objective, sources, rows, sizes)
    gradient = gradient_of(forward, source=_TOTAL, target=_VALUES)
    parts = [_gathered(sources, rows, sizes), forward, *gradient, _seeds(sources, rows, sizes)]
    seeds = [name for index in range(len(sources)) for name in rows.seeds(index)]
    return pack(joined(parts, outputs=[SCORES, *seeds], name="aim"))


def _gathered(sources: Sequence[Source], rows: Rows, sizes: Sequence[int]) -> ir.Model:
    """Write what all runs gave as one tensor (rows, elements of all sources)."""
    w = Writer(prefix="given/")
    parts = []
    for index, source in enumerate(sources):
        kind = (
            ir.DataType.BFLOAT16
            if source.dtype == "bfloat16"
            else ir.DataType.from_numpy(np.dtype(source.dtype))
        )
        raw = [
            w.input(name, shape, dtype=kind) for name, shape in zip(rows.raw(index), source.runs, strict=True)
        ]
        floats = raw if kind == w.dtype else [w.to_float(value) for value in raw]
        values = rows.write_values(w, floats, source.shape)
        if source.codes is not None:
            values = _real(w, values, source.codes, len(source.shape) + 1)
        parts.append(w.op("Reshape", values, w.ints([rows.count, sizes[index]])))
    whole = parts[0] if len(parts) == 1 else w.op("Concat", *parts, axis=1)
    return w.finish({_VALUES: (whole, (rows.count, sum(sizes)))}, name="given")


def _objective(objective: Objective, sources: Sequence[Source], rows: Rows, sizes: Sequence[int]) -> ir.Model:
    w = Writer(prefix="aim/")
    whole = w.input(_VALUES, (rows.count, sum(sizes)))
    parts = [whole] if len(sources) == 1 else w.split(whole, list(sizes), axis=1)
    values = {}
    for source, part in zip(sources, parts, strict=True):
        shape = (rows.count, *source.shape)
        values[source.tensor] = w.op("Reshape", part, w.ints(shape))
        values[source.tensor].shape, values[source.tensor].dtype = ir.Shape(shape), w.dtype
    scores = objective.write(w, values, rows.count)
    total = w.op("ReduceSum", scores, keepdims=1)
    return w.finish({SCORES: (scores, (rows.count,)), _TOTAL: (total, (1,))}, name="aim")


def _seeds(sources: Sequence[Source], rows: Rows, sizes: Sequence[int]) -> ir.Model:
    w = Writer(prefix="seeds/")
    gradient = w.input(GRADIENT, (rows.count, sum(sizes)))
    ends: Ends = {}
    for index, (source, (start, stop)) in enumerate(zip(sources, bounds(list(sizes)), strict=True)):
        part = gradient
        if len(sources) > 1:
            part = w.op("Slice", gradient, w.ints([start]), w.ints([stop]), w.ints([1]))
        ends |= rows.write_seeds(w, part, index, source.runs)
    return w.finish(ends, name="seeds")


def _real(w: Writer, values: ir.Value, codes: Codes, rank: int) -> ir.Value:
    """Write (q − z)·s."""
    zero: Array | None = codes.zero
    if zero is not None:
        spread = Codes(zero.astype(np.float32), None, codes.axis).steps(rank)
        values = w.op("Sub", values, w.constant(spread))
    return w.op("Mul", values, w.constant(codes.steps(rank)))
