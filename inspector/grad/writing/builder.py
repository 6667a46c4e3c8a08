"""The builder with which rules write the backward graph: a writer that knows the forward graph."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
import onnx_ir as ir

from inspector.errors import InvalidModelError, UnsupportedOperatorError
from inspector.graph.expose import SWITCHES
from inspector.graph.writer import Writer
from inspector.model.const import constant_value
from inspector.model.shapes.values import shape_value
from inspector.types.arrays import Array
from inspector.types.layers import Dim

_OWN = "grad/"
"""How the names of what is written here begin."""

_WIDEST_CODE = 16
"""Integers of so many bits or fewer are codes of quantized values; wider ones are indices, which stay whole."""


class Batch(Enum):
    """How many images and seeds a backward graph takes."""

    ONE = 1
    """As many as the shapes say, one where the batch is free: ONNX Runtime folds what depends on shapes alone."""
    ANY = None
    """Any number."""


class Builder(Writer):
    """Writes backward rules; knows the forward graph's constants, shapes and tensors.

    The first axis of a gradient is the batch of seeds. Forward tensors have the batch of the images, which is the
    same or 1 (K seeds of one image): so rules broadcast over axis 0 and never name its size.
    """

    def __init__(
        self,
        *,
        shapes: Mapping[str, Sequence[Dim]],
        dtypes: Mapping[str, str],
        dtype: ir.DataType,
        reached: Container[ir.Value],
        batch: Batch = Batch.ANY,
    ) -> None:
        """Start an empty graph; `reached` holds the forward values on the way from the target to the source."""
        super().__init__(prefix=_OWN, dtype=dtype)
        self.batch = batch
        self.saved_names: list[str] = []
        self.switch_names: list[str] = []
        self.batchable = True
        self.spread: set[str] = set()
        """Values that were added without being spread over what they are added to."""
        self._shapes = dict(shapes)
        self._dtypes = dtypes
        self._reached = reached
        self._casts: dict[str, ir.Value] = {}
        self._arrays: dict[ir.Value, Array] = {}
        """Of constants: weights that lie behind their quantization are computed once for all who ask."""
        self._lent: set[str] = set()

    # --- writing

    def copy(self, node: ir.Node) -> list[ir.Value]:
        """Write a node again, on the saved tensors; whatever was a float then has the graph's float type."""
        inputs = [None if value is None else self.saved(value) for value in node.inputs]
        attributes: dict[str, Any] = dict(node.attributes)
        if "to" in attributes and ir.DataType(attributes["to"].as_int()).is_floating_point():
            attributes["to"] = self.dtype
        copies = self.ops(node.op_type, inputs, attributes, outputs=len(node.outputs))
        if node.op_type == "ConstantOfShape" and self.dtype_of(node.outputs[0]).is_floating_point():
            return [self.to_float(*copies)]
        return copies

    # --- reading the forward graph

    def array(self, value: ir.Value | None) -> Array | None:
        """Return the forward value as an array if it is a constant, else None."""
        if value is None:
            return None
        array = self._arrays.get(value)
        if array is None:
            array = constant_value(value)
            if array is not None:
                self._arrays[value] = array
        return array

    def fixed(self, value: ir.Value | None) -> Array | None:
        """Return the forward value as an array if it is a constant or follows from the image's shape, else None."""
        array = self.array(value)
        return array if array is not None or value is None else shape_value(value, self._shapes)

    def saved(self, value: ir.Value) -> ir.Value:
        """Return a forward tensor in this graph: shared with the forward session if it is a weight, else fed."""
        name = _name(value)
        if name not in self._casts:
            self._casts[name] = self._as_float(self._bring(value), self.dtype_of(value))
        return self._casts[name]

    def lend(self, value: ir.Value, written: ir.Value, *, shape: Sequence[Dim] | None) -> None:
        """Let `written`, of this graph, stand for a tensor that the forward graph only implies, as if it were saved."""
        self._casts[_name(value)] = written
        self._lent.add(_name(value))
        if shape is not None:
            self._shapes[_name(value)] = shape

    def wants(self, value: ir.Value | None) -> bool:
        """Return whether the gradient of a forward tensor is of any use: whether it depends on the target."""
        if value is None or self.array(value) is not None:
            return False
        return value in self._reached or _name(value) in self._lent

    def switches(self, node: ir.Node) -> ir.Value:
        """Return the argmax indices of a max-pooling: int64, flat over the whole N×C×H×W input."""
        pooled = _name(node.outputs[0])
        if pooled not in self.switch_names:
            self.switch_names.append(pooled)
            self._feed(pooled + SWITCHES, ir.DataType.INT64, self.shape(node.outputs[0]))
        return self.inputs[pooled + SWITCHES]

    def shape(self, value: ir.Value) -> tuple[Dim, ...]:
        """Return the shape of a forward tensor for one image; of a fixed batch, for all of it."""
        name = _name(value)
        known = self._shapes.get(name)
        if known is None:
            array = self.array(value)
            if array is not None:
                return tuple(int(size) for size in array.shape)
            raise UnsupportedOperatorError(
                f"The shape of tensor {name!r} is not known, and a backward rule needs it. "
                "Export the model with shape inference, or with a fixed input size.",
                reason="SHAPE_UNKNOWN",
            )
        return tuple(known)

    def known_shape(self, value: ir.Value) -> tuple[Dim, ...] | None:
        """Return the shape of a forward tensor as `shape` does, or None."""
        known = self._shapes.get(_name(value))
        return None if known is None else tuple(known)

    def sizes(self, value: ir.Value, *axes: int) -> list[int]:
        """Return the sizes along axes; UnsupportedOperatorError where one is not a number."""
        shape = self.shape(value)
        found = [shape[axis] for axis in axes]
        if not all(isinstance(size, int) for size in found):
            raise UnsupportedOperatorError(
                f"Tensor {_name(value)!r} has the shape {shape}, and a backward rule needs numbers along the axes "
                f"{axes}. Fix the model's input size (height and width) at export.",
                reason="SHAPE_UNKNOWN",
            )
        return [size for size in found if isinstance(size, int)]

    def dtype_of(self, value: ir.Value) -> ir.DataType:
        """Return the type of a forward tensor."""
        known = self._dtypes.get(_name(value))
        return value.dtype or (ir.DataType.from_numpy(np.dtype(known)) if known else self.dtype)

    def rank(self, value: ir.Value) -> int:
        """Return the number of dimensions of a forward tensor."""
        return len(self.shape(value))

    # --- what many rules share

    def mix_batch(self) -> None:
        """Say that the forward graph moves the batch axis: such a graph takes one seed per run."""
        self.batchable = False

    def shape_like(self, value: ir.Value) -> ir.Value:
        """Write the shape of a forward tensor with -1 for the batch, to reshape a gradient to."""
        shape = self.shape(value)
        if not shape:
            return self.ints([])
        if all(isinstance(size, int) for size in shape[1:]):
            return self.ints([-1, *self.sizes(value, *range(1, len(shape)))])
        rest = self.op("Shape", self.saved(value), start=1)
        return self.op("Concat", self.ints([-1]), rest, axis=0)

    def unbroadcast(self, gradient: ir.Value, operand: ir.Value, result: ir.Value) -> ir.Value:
        """Sum a gradient of `result` over the axes along which `operand` was broadcast (never the batch)."""
        small, large = self.shape(operand), self.shape(result)
        lead = len(large) - len(small)
        if not self.wants(operand):
            return gradient
        axes = list(range(lead)) + [
            axis + lead for axis, size in enumerate(small) if size == 1 and large[axis + lead] != 1
        ]
        if 0 in axes:
            self.mix_batch()
        if axes:
            gradient = self.op("ReduceSum", gradient, self.ints(axes), keepdims=1)
        return self.op("Reshape", gradient, self.shape_like(operand)) if lead else gradient

    def outer_shape(self, shape: Sequence[Dim]) -> ir.Shape:
        """Return the shape that this graph declares for a tensor which has `shape` for one image."""
        if self.batch is Batch.ONE or not shape:
            return ir.Shape(shape)
        return ir.Shape([None, *shape[1:]])

    # --- inside

    def feed_seed(self, name: str, source: ir.Value) -> ir.Value:
        """Declare the seeds, the gradients of the source."""
        return self._feed(name, self.dtype, self.shape(source))

    def _bring(self, value: ir.Value) -> ir.Value:
        name = _name(value)
        if name.startswith(_OWN) or name.endswith(SWITCHES):
            raise InvalidModelError(
                f"Tensor {name!r} has a name that backward graphs keep for themselves ({_OWN}… and …{SWITCHES}). "
                "Rename it in the model.",
                reason="RESERVED_NAME",
            )
        if value.const_value is not None and value.is_initializer():
            return self.initializer(value.const_value, name)
        array = self.array(value)
        if array is not None:
            return self.array_constant(array)
        self.saved_names.append(name)
        return self._feed(name, self.dtype_of(value), self.shape(value))

    def _as_float(self, value: ir.Value, dtype: ir.DataType) -> ir.Value:
        codes = dtype.is_integer() and dtype.bitwidth <= _WIDEST_CODE
        if dtype == self.dtype or not (dtype.is_floating_point() or codes):
            return value
        return self.to_float(value)

    def _feed(self, name: str, dtype: ir.DataType, shape: tuple[Dim, ...]) -> ir.Value:
        return self.input(name, self.outer_shape(shape), dtype=dtype)


def _name(value: ir.Value) -> str:
    if not value.name:
        raise ValueError(f"A value without a name: {value}.")
    return value.name
