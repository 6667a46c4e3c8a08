"""The writer with which graphs are written: backward rules, objectives and optimizer steps alike."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir import tape
from onnx_ir.passes.common import RemoveUnusedNodesPass

from inspector.types.arrays import Array

OPSET = 18
"""The one opset of all graphs that are written here."""

_IR_VERSION = 10

_TELLING_ELEMENTS = 64
"""Constants that differ nearly always do so here; only those that do not are compared as a whole."""


class Writer:
    """Writes nodes of the standard domain at one opset, and finishes them into a model.

    Everything that has a name of its own here begins with `prefix`; inputs and outputs are named by the caller.
    """

    def __init__(self, *, prefix: str, dtype: ir.DataType = ir.DataType.FLOAT) -> None:
        """Start an empty graph whose floats are of type `dtype`."""
        self.prefix = prefix
        self.dtype = dtype
        self.inputs: dict[str, ir.Value] = {}
        self._tape = tape.Tape()
        self._constants: dict[tuple[Any, ...], list[tuple[Array, ir.Value]]] = {}
        self._written = 0
        """Nodes so far: the tape would copy them all to tell their number."""
        self._constant_numbers = itertools.count()

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The graph's float type."""
        return self.dtype.numpy()

    # --- nodes

    def op(self, op_type: str, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
        """Write a node with one output."""
        return self._named(self._tape.op(op_type, inputs, _typed(attributes) or None))

    def ops(
        self,
        op_type: str,
        inputs: Sequence[ir.Value | None],
        attributes: Mapping[str, Any],
        *,
        outputs: int,
    ) -> list[ir.Value]:
        """Write a node with several outputs."""
        made = self._tape.op_multi_out(op_type, inputs, _typed(attributes), num_outputs=outputs)
        return [self._named(value) for value in made]

    def sum(self, parts: Sequence[ir.Value]) -> ir.Value:
        """Write the sum of at least one value."""
        # Add and not Sum: ONNX Runtime fuses Add into convolutions, and runs Sum on one thread.
        return reduce(lambda whole, part: self.op("Add", whole, part), parts)

    def zeros(self, shape: ir.Value) -> ir.Value:
        """Write zeros of a shape that this graph computes."""
        return self.op("ConstantOfShape", shape, value=ir.Tensor(np.zeros(1, self.numpy_dtype)))

    def split(self, value: ir.Value, sizes: Sequence[int], *, axis: int) -> list[ir.Value]:
        """Write a Split into parts of the given sizes."""
        return self.ops("Split", [value, self.ints(sizes)], {"axis": axis}, outputs=len(sizes))

    def to_float(self, value: ir.Value) -> ir.Value:
        """Write a Cast to the graph's float type."""
        return self.op("Cast", value, to=self.dtype)

    def cast(self, value: ir.Value, dtype: ir.DataType) -> ir.Value:
        """Write a Cast to any type, as which `finish` gives the value."""
        made = self.op("Cast", value, to=dtype)
        made.dtype = dtype
        return made

    def positive(self, value: ir.Value) -> ir.Value:
        """Write the mask of a tensor of this graph: 1 where it is above 0, else 0, in the graph's float type."""
        if self.dtype == ir.DataType.FLOAT:
            # max(0, min(1, 3e38·x)) is the mask for every normal float32, and one pass over memory: 2.5 times as
            # fast as Where(Greater) on the CPU (docs/decisions/0004-masks.md).
            return self.op("HardSigmoid", value, alpha=3e38, beta=0.0)
        return self.to_float(self.op("Greater", value, self.constant(0)))

    def not_positive(self, value: ir.Value) -> ir.Value:
        """Write the opposite mask: 1 where a tensor of this graph is 0 or below, else 0."""
        if self.dtype == ir.DataType.FLOAT:
            return self.op("HardSigmoid", value, alpha=-3e38, beta=1.0)
        return self.op("Sub", self.constant(1), self.positive(value))

    def within(self, value: ir.Value, low: float, high: float) -> ir.Value:
        """Write the mask of a tensor of this graph: 1 where low ≤ value ≤ high, else 0."""
        # Of the ways to write it the one with the least traffic: bytes in place of floats between comparison and mask.
        cut = self.op("Clip", value, self.constant(low), self.constant(high))
        return self.to_float(self.op("Equal", cut, value))

    # --- constants: equal ones are written once

    def constant(self, array: Array | float) -> ir.Value:
        """Write a constant in the graph's float type."""
        return self.array_constant(np.asarray(array, self.numpy_dtype))

    def ints(self, values: Sequence[int] | int) -> ir.Value:
        """Write an int64 constant: a vector, or a scalar from a plain number."""
        return self.array_constant(np.asarray(values, np.int64))

    def array_constant(self, array: Array) -> ir.Value:
        """Write a constant of the array's own type."""
        key = (array.dtype.str, array.shape, array.flat[:_TELLING_ELEMENTS].tobytes())
        alike = self._constants.setdefault(key, [])
        for known, value in alike:
            if known.tobytes() == array.tobytes():
                return value
        name = f"{self.prefix}constant_{next(self._constant_numbers)}"
        value = self.initializer(ir.Tensor(array, name=name), name)
        alike.append((array, value))
        return value

    def initializer(self, tensor: ir.TensorProtocol, name: str) -> ir.Value:
        """Write a tensor under a name that the caller has chosen."""
        return self._tape.initializer(tensor, name)

    # --- the graph's ends

    def input(
        self, name: str, shape: ir.Shape | Sequence[int | str | None], *, dtype: ir.DataType | None = None
    ) -> ir.Value:
        """Declare an input, by default of the graph's float type."""
        self.inputs[name] = ir.val(name, dtype=dtype or self.dtype, shape=ir.Shape(shape))
        return self.inputs[name]

    def finish(
        self, outputs: Mapping[str, tuple[ir.Value, ir.Shape | Sequence[int | str | None]]], *, name: str
    ) -> ir.Model:
        """Return the model with these outputs, each with a shape; nodes that none of them needs are gone.

        They are floats, but for values that have another type by themselves: inputs, constants, and those of `cast`.

        All inputs stay, also those that nothing reads.
        """
        ends = [self._end(key, value, shape) for key, (value, shape) in outputs.items()]
        graph = ir.Graph(
            inputs=list(self.inputs.values()),
            outputs=ends,
            nodes=self._tape.nodes,
            initializers=self._tape.initializers,
            opset_imports={"": OPSET},
            name=name,
        )
        model = ir.Model(graph, ir_version=_IR_VERSION, producer_name="inspector")
        RemoveUnusedNodesPass()(model)
        return model

    def _end(self, name: str, value: ir.Value, shape: ir.Shape | Sequence[int | str | None]) -> ir.Value:
        # An Identity, because a value may be an input, a constant, or an output already.
        end = self.op("Identity", value)
        end.name, end.dtype, end.shape = name, value.dtype or self.dtype, ir.Shape(shape)
        return end

    def _named(self, value: ir.Value) -> ir.Value:
        node = value.producer()
        kind = node.op_type if node else "value"
        if value.index() in (0, None):
            self._written += 1
        number = f"{self._written}" + (f"_{value.index()}" if value.index() else "")
        value.name = f"{self.prefix}{kind}_{number}"
        return value


def _typed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes with lists of numbers, and tensors, as such: to find it out takes onnx_ir 0.3 ms for each."""
    return {name: _attribute(name, value) for name, value in attributes.items()}


def _attribute(name: str, value: Any) -> Any:
    if isinstance(value, ir.Tensor):
        return ir.AttrTensor(name, value)
    if isinstance(value, list | tuple) and value:
        if all(isinstance(one, int) for one in value):
            return ir.AttrInt64s(name, value)
        if all(isinstance(one, float) for one in value):
            return ir.AttrFloat32s(name, value)
    return value
