"""The weights of a layer as real numbers, whatever they are stored as: filters, or rows of dense layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.dequantize import dequantize
from inspector.model.readers import find_reader
from inspector.model.spec import OnnxModel
from inspector.operators.attributes import flag, integer
from inspector.operators.domains import key_of
from inspector.operators.families import CONVOLUTIONS, DENSE
from inspector.operators.nodes import name_of
from inspector.operators.operation import as_float
from inspector.operators.twins import TWINS
from inspector.types.arrays import Array
from inspector.types.layers import Layer

_CONVOLUTIONS = CONVOLUTIONS | {"FusedConv"}
_MOST_STEPS = 4
"""From integers to real numbers: a cast, a scale, a bias."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """What one layer multiplies its input by."""

    values: Array
    """float32 (filters, channels that each reads, *kernel); of a dense layer (units, inputs)."""
    groups: int
    """Each filter reads the channels of its group: of a depthwise convolution one."""
    reads_image: bool
    """Whether the channels that the filters read are the image's own."""
    are_codes: bool
    """Whether the scale is not known, so that the values are codes, less their zero point."""


def weights_of(model: OnnxModel, layer: Layer) -> Weights | None:
    """Return a layer's weights; None where it has none that are constant.

    Filters of a transposed convolution are those that it stamps, by the channel that they give.
    """
    node = _weighted_nodes(model).get(layer.output)
    place = None if node is None else _weighted_place(node)
    real = None if node is None or place is None else real_values(node, place)
    if node is None or real is None:
        return None
    operation, (values, are_codes) = as_float(node), real
    groups = integer(operation, "group", 1) if operation.op_type in _CONVOLUTIONS else 1
    if operation.op_type == "ConvTranspose":
        values = stamped_filters(values, groups)
    elif operation.op_type == "Gemm":
        values = values if flag(operation, "transB") else values.T
    elif operation.op_type in DENSE:  # y = x·W has a column per unit, y = W·x a row
        values = (
            values.reshape(-1, values.shape[-1]).T if place == 1 else values.reshape(-1, values.shape[-1])
        )
    return Weights(
        values=np.ascontiguousarray(values, np.float32),
        groups=groups,
        reads_image=operation.op_type in _CONVOLUTIONS and _is_reader(model, node),
        are_codes=are_codes,
    )


def weighted_layers(model: OnnxModel) -> list[Layer]:
    """Return the layers with constant weights, in the graph's order."""
    nodes = _weighted_nodes(model)
    return [layer for layer in model.layers if layer.output in nodes]


def _weighted_nodes(model: OnnxModel) -> dict[str, ir.Node]:
    """Return, by the output of its layer, each node that multiplies by constant weights.

    Where it gives integers, which are no layer, its layer is the one that makes real numbers of them.
    """
    outputs = {layer.output for layer in model.layers}
    found: dict[str, ir.Node] = {}
    for node in model.ir.graph:
        if _weighted_place(node) is None:
            continue
        value = node.outputs[0]
        for _ in range(_MOST_STEPS):
            users = [use.node for use in value.uses()]
            if value.name in outputs or len(users) != 1:
                break
            value = users[0].outputs[0]
        if value.name in outputs:
            found.setdefault(value.name, node)
    return found


def _weighted_place(node: ir.Node) -> int | None:
    """Return which input of a node's float operation its constant weights are; None where it has none."""
    operation = as_float(node)
    if operation.op_type not in _CONVOLUTIONS | DENSE or len(operation.inputs) < 2:
        return None
    for place in (1,) if operation.op_type in _CONVOLUTIONS else (1, 0):
        values = constant_value(operation.inputs[place])
        if values is not None and values.ndim > 1:
            return place
    return None


def stamped_filters(values: Array, groups: int) -> Array:
    """Return weights (channels, filters of a group, *window), as ConvTranspose has them, by the filters."""
    parts = values.reshape(groups, values.shape[0] // groups, *values.shape[1:])
    return parts.swapaxes(1, 2).reshape(-1, parts.shape[1], *values.shape[2:])


def real_values(node: ir.Node, place: int) -> tuple[Array, bool] | None:
    """Return what is constant at an input of the float operation of a node; None where nothing is.

    Codes become real; where their scale is computed they are only less their zero point, and the second value is true.
    """
    values = constant_value(as_float(node).inputs[place])
    if values is None:
        return None
    twin = TWINS.get(key_of(node))
    if twin is None:
        return values, False
    operand = twin.operands_of(node)[place - len(twin.plain)]
    zero, scale = _input(node, operand.zero_point), _input(node, operand.scale)
    if scale is None:
        return dequantize(values, np.ones((), np.float32), zero, axis=operand.axis), True
    return dequantize(values, scale, zero, axis=operand.axis), False


def _input(node: ir.Node, place: int | None) -> Array | None:
    return constant_value(node.inputs[place]) if place is not None and place < len(node.inputs) else None


def _is_reader(model: OnnxModel, node: ir.Node) -> bool:
    """Return whether a convolution reads the image, its channels in their order."""
    image = model.input
    found = find_reader(
        model.ir.graph, image.name, image.shape, model.shapes, opset=model.opset, limits=model.limits
    )
    return found is not None and found.name == name_of(node) and found.channel_count is not None
