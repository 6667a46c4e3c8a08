"""Objectives: what of the values of tensors is to grow, as small objects with + and *.

An objective names the tensors that it reads and writes a score per view from their values, so another one is a
dataclass of a few lines: the norm of a layer, the likeness of features to given ones. All are differentiated by the
same engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import onnx_ir as ir

from inspector.graph.writer import Writer
from inspector.types.arrays import Array

Values = Mapping[str, ir.Value]
"""By tensor: float32 (rows, *shape of one image), real values where the tensor holds codes."""


@dataclass(frozen=True, eq=False)
class Objective:
    """What is to grow. `a + b`, `2 * a`, `a * b` and `a - b` are objectives, too."""

    @property
    def tensors(self) -> tuple[str, ...]:
        """The tensors that it reads."""
        raise NotImplementedError

    def write(self, w: Writer, values: Values, rows: int) -> ir.Value:
        """Write a score per view, (rows,)."""
        raise NotImplementedError

    def __add__(self, other: Objective) -> Objective:
        return _Both("Add", self, other)

    def __mul__(self, other: Objective | float) -> Objective:
        return _Both("Mul", self, other) if isinstance(other, Objective) else _Times(self, float(other))

    def __rmul__(self, factor: float) -> Objective:
        return self * factor

    def __neg__(self) -> Objective:
        return self * -1.0

    def __sub__(self, other: Objective) -> Objective:
        return self + -other


@dataclass(frozen=True, eq=False)
class _Both(Objective):
    op_type: str
    one: Objective
    other: Objective

    @property
    def tensors(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.one.tensors, *self.other.tensors)))

    def write(self, w: Writer, values: Values, rows: int) -> ir.Value:
        return w.op(self.op_type, self.one.write(w, values, rows), self.other.write(w, values, rows))


@dataclass(frozen=True, eq=False)
class _Times(Objective):
    one: Objective
    factor: float

    @property
    def tensors(self) -> tuple[str, ...]:
        return self.one.tensors

    def write(self, w: Writer, values: Values, rows: int) -> ir.Value:
        return w.op("Mul", self.one.write(w, values, rows), w.constant(self.factor))


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighted(Objective):
    """Σ_i w_i·t_i over the elements of one tensor: a class, a unit, a channel's mean, a direction."""

    tensor: str
    weights: Array
    """float32 (*shape), or (rows, *shape) with other weights for each view."""

    @property
    def tensors(self) -> tuple[str, ...]:
        """The one."""
        return (self.tensor,)

    def write(self, w: Writer, values: Values, rows: int) -> ir.Value:
        """Write the weighted sums."""
        weights = self.weights.reshape(len(self.weights) if self._is_per_view(values) else 1, -1)
        flat = w.op("Reshape", values[self.tensor], w.ints([rows, -1]))
        return w.op("ReduceSum", w.op("Mul", flat, w.constant(weights)), w.ints([1]), keepdims=0)

    def _is_per_view(self, values: Values) -> bool:
        return self.weights.ndim == len(values[self.tensor].shape or ())


@dataclass(frozen=True, kw_only=True, eq=False)
class Norm(Objective):
    """½·mean t², of whatever a layer sees already (DeepDream: Mordvintsev et al. 2015)."""

    tensor: str

    @property
    def tensors(self) -> tuple[str, ...]:
        """The one."""
        return (self.tensor,)

    def write(self, w: Writer, values: Values, rows: int) -> ir.Value:
        """Write the halved mean squares."""
        flat = w.op("Reshape", values[self.tensor], w.ints([rows, -1]))
        return w.op(
            "Mul", w.op("ReduceMean", w.op("Mul", flat, flat), w.ints([1]), keepdims=0), w.constant(0.5)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Likeness(Objective):
    """−‖t − t₀‖²/‖t₀‖²: how near a layer comes to what an image made of it (Mahendran & Vedaldi 2015, eq. 1)."""

    tensor: str
    features: Array
    """t₀, float32 (*shape) for all views, or (rows, *shape)."""
    per_view: bool = False

    @property
    def tensors(self) -> tuple[str, ...]:
        """The one."""
        return (self.tensor,)

    def write(self, w: Writer, values: Values, rows: int) -> ir.Value:
        """Write the negative distances."""
        wanted = self.features.reshape(rows if self.per_view else 1, -1).astype(np.float64)
        flat = w.op("Reshape", values[self.tensor], w.ints([rows, -1]))
        gap = w.op("Sub", flat, w.constant(wanted))
        distance = w.op("ReduceSum", w.op("Mul", gap, gap), w.ints([1]), keepdims=0)
        size = np.maximum((wanted**2).sum(axis=1), 1e-12)
        return w.op("Div", distance, w.constant(-size))


@dataclass(frozen=True, kw_only=True, eq=False)
class Diversity(Objective):
    """−mean cosine between the Gram matrices of a layer's channels over pairs of pictures (Olah et al. 2017).

    Each of the consecutive groups of `group` pictures is to differ within itself; `crops` views of each follow each
    other, and pictures are compared by their like-numbered views.
    """

    tensor: str
    channel_axis: int
    """In the values of one image."""
    group: int
    crops: int = 1

    @property
    def tensors(self) -> tuple[str, ...]:
        """The one."""
        return (self.tensor,)

    def write(self, w: Writer, values: Values, rows: int) -> ir.Value:
        """Write the negative mean cosine with the other pictures of the group, for each view."""
        if self.group < 2:
            return w.constant(np.zeros(rows))
        maps = self._channels_first(w, values[self.tensor], rows)
        gram = w.op("MatMul", maps, w.op("Transpose", maps, perm=[0, 2, 1]))
        flat = w.op("Reshape", gram, w.ints([rows, -1]))
        square = w.op("ReduceSum", w.op("Mul", flat, flat), w.ints([1]), keepdims=1)
        unit = w.op("Div", flat, w.op("Sqrt", w.op("Add", square, w.constant(1e-12))))
        cosines = w.op("MatMul", unit, w.op("Transpose", unit, perm=[1, 0]))
        chosen = w.op("Mul", cosines, w.constant(self._pairs(rows) / (self.group - 1)))
        return w.op("Neg", w.op("ReduceSum", chosen, w.ints([1]), keepdims=0))

    def _channels_first(self, w: Writer, value: ir.Value, rows: int) -> ir.Value:
        rank = len(value.shape or ())
        axis = self.channel_axis + 1
        order = [0, axis, *(other for other in range(1, rank) if other != axis)]
        moved = value if order == sorted(order) else w.op("Transpose", value, perm=order)
        channels = int(str((value.shape or ())[axis]))
        return w.op("Reshape", moved, w.ints([rows, channels, -1]))

    def _pairs(self, rows: int) -> Array:
        """Return (rows, rows): 1 where two views are alike numbered, of two pictures of one group."""
        row = np.arange(rows)
        picture, view = row // self.crops, row % self.crops
        same = (picture[:, None] // self.group == picture[None] // self.group) & (view[:, None] == view[None])
        found: Array = (same & (picture[:, None] != picture[None])).astype(np.float32)
        return found


def bounds(parts: list[int]) -> list[tuple[int, int]]:
    """Return where parts that follow each other begin and end."""
    return list(pairwise(np.cumsum([0, *parts]).tolist()))
