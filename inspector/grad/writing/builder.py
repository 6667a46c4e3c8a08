"""The builder with which rules write the backward graph."""

from __future__ import annotations

import itertools
from collections.abc import Container, Mapping, Sequence
from enum import Enum
from functools import reduce
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir import tape

from inspector.errors import InvalidModelError, UnsupportedOperatorError
from inspector.graph.expose import SWITCHES
from inspector.model.const import constant_value
from inspector.model.shapes.values import shape_value
from inspector.model.spec import Dim
from inspector.types.arrays import Array

OPSET = 18
"""The one opset of all backward graphs."""

_OWN = "grad/"
"""How the names of what is written here begin."""

_TELLING_ELEMENTS = 64
"""Constants that differ nearly always do so here; only those that do not are compared as a whole."""

_WIDEST_CODE = 16
"""Integers of so many bits or fewer are codes of quantized values; wider ones are indices, which stay whole."""


class Batch(Enum):
    """How many images and seeds a backward graph takes."""

    ONE = 1
    """One of each: the shapes are all known, so ONNX Runtime folds what depends on them alone and fuses more."""
    ANY = None
    """Any number."""


class Builder:
    """Writes nodes of the standard domain; knows the forward graph's constants, shapes and tensors.

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
        self.dtype = dtype
        self.batch = batch
        self.inputs: dict[str, ir.Value] = {}
        self.saved_names: list[str] = []
        self.switch_names: list[str] = []
        self.batchable = True
        self._shapes = dict(shapes)
        self._dtypes = dtypes
        self._reached = reached
        self._tape = tape.Tape()
        self._constants: dict[tuple[Any, ...], list[tuple[Array, ir.Value]]] = {}
        self._constant_numbers = itertools.count()
        self._casts: dict[str, ir.Value] = {}
        self._lent: set[str] = set()

    # --- writing

    def op(self, op_type: str, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
        """Write a node with one output."""
        return self._named(self._tape.op(op_type, inputs, attributes or None))

    def copy(self, node: ir.Node) -> list[ir.Value]:
        """Write a node again, on the saved tensors; whatever was a float then has the graph's float type."""
        inputs = [None if value is None else self.saved(value) for value in node.inputs]
        attributes: dict[str, Any] = dict(node.attributes)
        if "to" in attributes and ir.DataType(attributes["to"].as_int()).is_floating_point():
            attributes["to"] = self.dtype
        copies = self._tape.op_multi_out(node.op_type, inputs, attributes, num_outputs=len(node.outputs))
        named = [self._named(value) for value in copies]
        if node.op_type == "ConstantOfShape" and self.dtype_of(node.outputs[0]).is_floating_point():
            return [self.op("Cast", *named, to=self.dtype)]
        return named

    def sum(self, parts: Sequence[ir.Value]) -> ir.Value:
        """Write the sum of at least one value."""
        # Add and not Sum: ONNX Runtime fuses Add into convolutions, and runs Sum on one thread.
        return reduce(lambda whole, part: self.op("Add", whole, part), parts)

    def zeros(self, shape: ir.Value) -> ir.Value:
        """Write zeros of a shape that this graph computes."""
        return self.op("ConstantOfShape", shape, value=ir.tensor(np.zeros(1, self.numpy_dtype)))

    def split(self, value: ir.Value, sizes: Sequence[int], *, axis: int) -> list[ir.Value]:
        """Write a Split into parts of the given sizes."""
        parts = self._tape.op_multi_out(
            "Split", [value, self.ints(sizes)], {"axis": axis}, num_outputs=len(sizes)
        )
        return [self._named(part) for part in parts]

    def constant(self, array: Array | float) -> ir.Value:
        """Write a constant in the graph's float type; equal ones are written once."""
        return self._constant(np.asarray(array, self.numpy_dtype))

    def ints(self, values: Sequence[int] | int) -> ir.Value:
        """Write an int64 constant: a vector, or a scalar from a plain number."""
        return self._constant(np.asarray(values, np.int64))

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The graph's float type."""
        return self.dtype.numpy()

    # --- reading the forward graph

    def array(self, value: ir.Value | None) -> Array | None:
        """Return the forward value as an array if it is a constant, else None."""
        return None if value is None else constant_value(value)

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
        """Tell whether the gradient of a forward tensor is of any use: whether it depends on the target."""
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
        """Return the shape of a forward tensor for one image."""
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

    def positive(self, value: ir.Value) -> ir.Value:
        """Write the mask of a tensor of this graph: 1 where it is above 0, else 0, in the graph's float type."""
        if self.dtype == ir.DataType.FLOAT:
            # max(0, min(1, 3e38·x)) is the mask for every normal float32, and one pass over memory: 2.5 times as
            # fast as Where(Greater) on the CPU (docs/decisions/0004-masks.md).
            return self.op("HardSigmoid", value, alpha=3e38, beta=0.0)
        return self.op("Cast", self.op("Greater", value, self.constant(0)), to=self.dtype)

    def outer_shape(self, shape: Sequence[Dim]) -> ir.Shape:
        """Return the shape that this graph declares for a tensor which has `shape` for one image."""
        if self.batch is Batch.ONE or not shape:
            return ir.Shape(shape)
        return ir.Shape([None, *shape[1:]])

    # --- inside

    @property
    def nodes(self) -> Sequence[ir.Node]:
        """The nodes written so far."""
        return self._tape.nodes

    @property
    def initializers(self) -> Sequence[ir.Value]:
        """The constants and shared weights written so far."""
        return self._tape.initializers

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
            return self._tape.initializer(value.const_value, name)
        array = self.array(value)
        if array is not None:
            return self._constant(array)
        self.saved_names.append(name)
        return self._feed(name, self.dtype_of(value), self.shape(value))

    def _as_float(self, value: ir.Value, dtype: ir.DataType) -> ir.Value:
        codes = dtype.is_integer() and dtype.bitwidth <= _WIDEST_CODE
        if dtype == self.dtype or not (dtype.is_floating_point() or codes):
            return value
        return self.op("Cast", value, to=self.dtype)

    def _feed(self, name: str, dtype: ir.DataType, shape: tuple[Dim, ...]) -> ir.Value:
        self.inputs[name] = ir.val(name, dtype=dtype, shape=self.outer_shape(shape))
        return self.inputs[name]

    def _constant(self, array: Array) -> ir.Value:
        key = (array.dtype.str, array.shape, array.flat[:_TELLING_ELEMENTS].tobytes())
        alike = self._constants.setdefault(key, [])
        for known, value in alike:
            if known.tobytes() == array.tobytes():
                return value
        name = f"{_OWN}constant_{next(self._constant_numbers)}"
        value = self._tape.initializer(ir.tensor(array, name=name), name)
        alike.append((array, value))
        return value

    def _named(self, value: ir.Value) -> ir.Value:
        node = value.producer()
        kind = node.op_type if node else "value"
        value.name = f"{_OWN}{kind}_{len(self._tape.nodes)}" + (f"_{value.index()}" if value.index() else "")
        return value


def _name(value: ir.Value) -> str:
    if not value.name:
        raise ValueError(f"A value without a name: {value}.")
    return value.name
