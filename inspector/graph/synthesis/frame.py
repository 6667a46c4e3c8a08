"""The frame: how a picture in 0..1 becomes what the model takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.graph.writer import Writer
from inspector.types.arrays import Array
from inspector.types.dtypes import saturated


@dataclass(frozen=True, kw_only=True)
class Frame:
    """input_c = gain_c·x_order(c) + offset_c, then the axes in the input's order."""

    gain: tuple[float, ...]
    """Per channel of the input, or one for all."""
    offset: tuple[float, ...]
    order: tuple[int, ...]
    """By channel of the input, that of the picture: (2, 1, 0) for BGR; −1 for one that is always 1 (opacity)."""
    axes: tuple[int, ...]
    """By axis of the input after the first, that of (C, *size); () where they are in order."""
    shape: tuple[int, ...]
    """Of one image as the model takes it, without the batch axis."""
    size: tuple[int, ...]
    """Of one image's axes of space."""
    dtype: str
    """Of the input."""

    def write(self, w: Writer, views: ir.Value, rows: int) -> ir.Value:
        """Write the views (rows, C, *size) as inputs (rows, *shape), float32."""
        views = self._ordered(w, views, rows)
        wide = (-1, *[1] * len(self.size))
        gain, offset = (w.constant(np.reshape(values, wide)) for values in (self.gain, self.offset))
        values = w.op("Add", w.op("Mul", views, gain), offset)
        if self.axes:
            values = w.op("Transpose", values, perm=[0, *(axis + 1 for axis in self.axes)])
        return w.op("Reshape", values, w.ints([rows, *self.shape]))

    def values(self, pictures: Array) -> Array:
        """Return pictures (N, C, *size) in 0..1 as inputs (N, *shape), float32: what `write` writes."""
        opaque = np.ones_like(pictures[:, :1])
        ordered = np.stack([opaque[:, 0] if own < 0 else pictures[:, own] for own in self.order], axis=1)
        wide = (-1, *[1] * len(self.size))
        values = ordered * np.reshape(self.gain, wide) + np.reshape(self.offset, wide)
        if self.axes:
            values = values.transpose(0, *(axis + 1 for axis in self.axes))
        found: Array = values.reshape(-1, *self.shape).astype(np.float32)
        return found

    def pictures(self, values: Array) -> Array:
        """Return inputs (N, *shape) as pictures (N, C, *size) in 0..1, float32: `values` backward."""
        channels = len(self.order)
        if self.axes:
            listed = [*([channels] if 0 in self.axes else []), *self.size]
            within = [listed[axis] for axis in self.axes]
            back = np.argsort(self.axes)
            apart = values.reshape(-1, *within).transpose(0, *(axis + 1 for axis in back))
        else:
            apart = values
        planes = apart.reshape(-1, channels, *self.size).astype(np.float64)
        wide = (-1, *[1] * len(self.size))
        shown = (planes - np.reshape(self.offset, wide)) / np.reshape(self.gain, wide)
        count = max(self.order) + 1
        stacked = np.stack([shown[:, self.order.index(own)] for own in range(count)], axis=1)
        found: Array = np.clip(stacked, 0, 1).astype(np.float32)
        return found

    def typed(self, values: Array) -> Array:
        """Return inputs in the model's own type."""
        return saturated(values, self.dtype)

    def write_typed(self, w: Writer, values: ir.Value) -> ir.Value:
        """Write inputs in the model's own type; codes of whole numbers are rounded and cut."""
        kind = np.dtype(self.dtype) if self.dtype != "bfloat16" else None
        if kind == np.float32:
            return values
        target = ir.DataType.BFLOAT16 if kind is None else ir.DataType.from_numpy(kind)
        if kind is not None and kind.kind in "iu":
            ends = np.iinfo(kind)
            values = w.op("Round", values)
            values = w.op("Clip", values, w.constant(float(ends.min)), w.constant(float(ends.max)))
        return w.cast(values, target)

    def _ordered(self, w: Writer, views: ir.Value, rows: int) -> ir.Value:
        if self.order == tuple(range(len(self.order))):
            return views
        if -1 in self.order:
            ones = w.constant(np.ones((rows, 1, *self.size)))
            views = w.op("Concat", views, ones, axis=1)
        last = max(self.order) + 1
        return w.op("Gather", views, w.ints([last if own < 0 else own for own in self.order]), axis=1)
