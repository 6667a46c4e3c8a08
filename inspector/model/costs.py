"""What a model costs to run, counted from shapes: multiply-accumulates by layer, and bytes of activations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx_ir as ir

from inspector.model.element_types import element_type
from inspector.model.spec import OnnxModel
from inspector.operators.attributes import flag
from inspector.operators.domains import is_standard
from inspector.operators.nodes import name_of
from inspector.operators.operation import Operation, as_float
from inspector.types.layers import Shape

COUNTED = ("Conv", "ConvTranspose", "DeformConv", "Gemm", "MatMul")
"""And what computes the same on codes."""


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """What one layer costs."""

    node: str
    operator: str
    macs: int
    """Multiply-accumulates of one run."""
    shape: Shape
    """Of its result."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What the layers cost that multiply and add up."""

    layers: tuple[LayerCost, ...]
    unknown: tuple[str, ...]
    """Nodes of such an operator whose shapes are not known."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(one.macs for one in self.layers)


def count_costs(model: OnnxModel, shapes: Mapping[str, Shape]) -> Costs:
    """Count the multiply-accumulates of one run in which tensors have these shapes.

    A convolution takes its filter's size once for each element of its result, a transposed one for each element that it
    reads, a product of matrices the length of what is summed; biases, activations, normalizations and poolings are
    left out, as in the papers' figures, and so are graphs within If and Loop.
    """
    layers, unknown = [], []
    for node in model.ir.graph:
        operation = as_float(node)
        if not is_standard(operation) or operation.op_type not in COUNTED:
            continue
        name = name_of(node)
        result = shapes.get(node.outputs[0].name or "", ())
        macs = _macs(operation, shapes)
        if macs is None:
            unknown.append(name)
        else:
            layers.append(LayerCost(node=name, operator=node.op_type, macs=macs, shape=result))
    return Costs(layers=tuple(layers), unknown=tuple(unknown))


def activation_bytes(model: OnnxModel, shapes: Mapping[str, Shape]) -> dict[str, int]:
    """Return the bytes of each tensor that depends on the image in a run with these shapes, as far as they are known.

    Weights that are made at every run of codes are none: a runtime makes them once.
    """
    found = {}
    for name, shape in shapes.items():
        sizes = [size for size in shape if isinstance(size, int)]
        if len(sizes) < len(shape) or (name not in model.fields and name != model.input.name):
            continue
        found[name] = -(-prod(sizes) * _bits(model.dtypes.get(name, "float32")) // 8)
    return found


def _bits(dtype: str) -> int:
    try:
        return int(ir.DataType(element_type(dtype)).bitwidth)
    except (KeyError, TypeError):  # texts have no size
        return 8 * np.dtype(np.float32).itemsize


def _macs(operation: Operation, shapes: Mapping[str, Shape]) -> int | None:
    data, weights = (_sizes(value, shapes) for value in (*operation.inputs, None, None)[:2])
    result = _sizes(operation.outputs[0], shapes)
    if data is None or weights is None or result is None:
        return None
    if operation.op_type == "ConvTranspose":
        return prod(data) * prod(weights[1:])
    if operation.op_type == "MatMul":
        return prod(result) * (data[-1] if data else 1)
    if operation.op_type == "Gemm":
        return prod(result) * data[0 if flag(operation, "transA") else -1]
    return prod(result) * prod(weights[1:])


def _sizes(value: ir.Value | None, shapes: Mapping[str, Shape]) -> list[int] | None:
    shape = shapes.get(value.name or "") if value is not None else None
    if shape is None and value is not None and value.const_value is not None:
        shape = tuple(int(size) for size in value.const_value.shape.numpy())
    sizes = [size for size in shape or () if isinstance(size, int)]
    return None if shape is None or len(sizes) < len(shape) else sizes
