"""A copy of a graph whose layers, from the top, have weights that mean nothing any more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from inspector.operators.families import DEQUANTIZERS, LINEAR, QUANTIZERS, REARRANGERS
from inspector.operators.operation import as_float
from inspector.types.arrays import Array

_PASSIVE = REARRANGERS | DEQUANTIZERS | QUANTIZERS | {"Cast"}
"""Operators that hand a weight on."""


def weighted_layers(model: ir.Model, tensors: Sequence[str]) -> tuple[str, ...]:
    """Return the tensors that layers with weights compute, among `tensors`, in graph order."""
    wanted = set(tensors)
    return tuple(
        node.outputs[0].name
        for node in model.graph
        if node.outputs[0].name in wanted and node.outputs[0].name and _weights(node)
    )


def randomized(model: ir.Model, layers: Sequence[str], *, seed: int) -> ir.Model:
    """Return a copy where the weights and biases of the layers that compute `layers` are shuffled.

    Each weight's values stay what they are and go to other places, drawn by the seed and the place of the weight among
    all: so the same weight is shuffled alike however many others are, and codes of quantized values remain such codes.
    """
    copy = model.clone()
    wanted, done = set(layers), set[ir.Value]()
    for number, node in enumerate(copy.graph):
        if node.outputs[0].name not in wanted:
            continue
        for place, value in enumerate(_weights(node)):
            if value not in done:
                done.add(value)
                _shuffle(value, np.random.default_rng((seed, number, place)))
    return copy


def _weights(node: ir.Node) -> list[ir.Value]:
    """Return what a node multiplies with and adds, where these are constants that are stored as they are."""
    operation = as_float(node)
    if operation.op_type in LINEAR:
        operands = operation.inputs[:3]
    elif operation.op_type == "BatchNormalization":
        operands = operation.inputs[1:3]
    else:
        return []
    found = [_root(value) for value in operands]
    return [value for value in found if value is not None]


def _root(value: ir.Value | None) -> ir.Value | None:
    """Return the stored constant of which a value is another form; None where it is computed."""
    while value is not None:
        if value.const_value is not None:
            return value
        node = value.producer()
        if node is None:
            return None
        if node.op_type == "Constant" and "value" in node.attributes:
            return value
        if node.op_type not in _PASSIVE:
            return None
        value = node.inputs[0]
    return None


def _shuffle(value: ir.Value, generator: np.random.Generator) -> None:
    node = value.producer()
    if value.const_value is not None:
        value.const_value = _shuffled(value.const_value, generator)
    elif node is not None:
        tensor = node.attributes["value"].as_tensor()
        node.attributes["value"] = ir.AttrTensor("value", _shuffled(tensor, generator))


def _shuffled(tensor: ir.TensorProtocol, generator: np.random.Generator) -> ir.TensorProtocol:
    array: Array = np.asarray(tensor.numpy())
    shuffled = generator.permutation(array.reshape(-1)).reshape(array.shape)
    return ir.Tensor(np.asarray(shuffled), name=tensor.name, dtype=tensor.dtype)
