"""Checks of operators that a runtime answers with a crash or with memory that is not its own.

Shape inference passes over these (onnxruntime#28731: a rank mismatch in Conv crashes the loader).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
import onnx_ir as ir

from inspector.errors import InvalidModelError
from inspector.model.const import constant_value
from inspector.operators.attributes import flag, integer, is_given, optional_integers
from inspector.operators.domains import is_standard
from inspector.operators.families import CONVOLUTIONS, POOLINGS
from inspector.operators.operation import Operation, as_float
from inspector.types.layers import Shape

_AXIS_BEHIND = frozenset({"Flatten"})
"""Operators whose axis may stand behind the last."""
_ALONG_AXIS = _AXIS_BEHIND | {
    "ArgMax", "ArgMin", "Compress", "Concat", "Gather", "GatherElements", "Hardmax", "LayerNormalization",
    "LogSoftmax", "LpNormalization", "RMSNormalization", "Scatter", "ScatterElements", "Softmax", "Split", "TopK",
}  # fmt: skip
"""Operators with an axis of their first input."""

SPATIAL_ATTRIBUTES = ("kernel_shape", "strides", "dilations")


def check_operators(model: ir.Model, shapes: Mapping[str, Shape]) -> None:
    """Raise InvalidModelError for a convolution, pooling or unpooling whose parameters contradict its tensors."""
    for node in model.graph.all_nodes():
        operation = as_float(node)
        if not is_standard(operation) or flag(node, "channels_last"):
            continue
        if operation.op_type in CONVOLUTIONS:
            _check_convolution(node, operation, shapes)
        elif operation.op_type in POOLINGS:
            _check_spatial(node, _rank(node.inputs[0], shapes))
            if not is_given(node, "kernel_shape"):
                raise InvalidModelError(f"{_named(node)} has no kernel_shape.")
        elif operation.op_type == "MaxUnpool":
            _check_unpooling(node, shapes)
        elif operation.op_type in ("Resize", "Upsample"):
            _check_finite(node)
        elif operation.op_type in _ALONG_AXIS:
            # That of the values: of a node on codes, scales come first.
            _check_axis(node, _rank(operation.inputs[0], shapes))


def _check_convolution(node: ir.Node, operation: Operation, shapes: Mapping[str, Shape]) -> None:
    if len(operation.inputs) < 2 or operation.inputs[1] is None:
        raise InvalidModelError(f"{_named(node)} has no filters: it has {len(node.inputs)} inputs.")
    data, filters = (_shape(value, shapes) for value in operation.inputs[:2])
    if data is not None and filters is not None and len(data) != len(filters):
        raise InvalidModelError(
            f"{_named(node)} has an input of rank {len(data)} and filters of rank {len(filters)}; they must "
            "be equal."
        )
    window = optional_integers(node, "kernel_shape")
    if window is not None and filters is not None and list(window) != list(filters[2:]):
        raise InvalidModelError(
            f"{_named(node)} has kernel_shape {list(window)}, and filters of {list(filters[2:])}; they must be equal."
        )
    known = data if data is not None else filters
    _check_spatial(node, None if known is None else len(known))
    if data is not None and filters is not None and len(data) > 1:
        _check_channels(node, data, filters)


def _check_channels(node: ir.Node, data: Shape, filters: Shape) -> None:
    group = integer(node, "group")
    if group < 1:
        raise InvalidModelError(f"{_named(node)} has group {group}; it must be 1 or more.")
    per_group = filters[0] if node.op_type == "ConvTranspose" else filters[1]
    wanted = (
        per_group
        if node.op_type == "ConvTranspose"
        else per_group * group
        if isinstance(per_group, int)
        else None
    )
    if isinstance(data[1], int) and isinstance(wanted, int) and data[1] != wanted:
        raise InvalidModelError(
            f"{_named(node)} has an input of {data[1]} channels; its filters {list(filters)} with group "
            f"{group} "
            f"need {wanted}."
        )


def _check_spatial(node: ir.Node, rank: int | None) -> None:
    spatial = None if rank is None else rank - 2
    for name in (*SPATIAL_ATTRIBUTES, "pads"):
        values = optional_integers(node, name)
        if values is None:
            continue
        wanted = None if spatial is None else 2 * spatial if name == "pads" else spatial
        if wanted is not None and len(values) != wanted:
            raise InvalidModelError(
                f"{_named(node)} has {name} {list(values)}; an input of rank {rank} needs {wanted} numbers."
            )
        if name in SPATIAL_ATTRIBUTES and any(value < 1 for value in values):
            raise InvalidModelError(f"{_named(node)} has {name} {list(values)}; all must be 1 or more.")


def _check_unpooling(node: ir.Node, shapes: Mapping[str, Shape]) -> None:
    """Constant indices must point into the output; computed ones cannot be known here."""
    indices = constant_value(node.inputs[1]) if len(node.inputs) > 1 else None
    output = _shape(node.outputs[0], shapes)
    if indices is None or indices.size == 0 or output is None:
        return
    sizes = [size for size in output if isinstance(size, int)]
    if len(sizes) != len(output):
        return
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= prod(sizes):
        raise InvalidModelError(
            f"{_named(node)} has pooling indices from {low} to {high}; its output {sizes} has {prod(sizes)} "
            "elements."
        )


def _shape(value: ir.Value | None, shapes: Mapping[str, Shape]) -> Shape | None:
    return shapes.get(value.name or "") if value is not None else None


def _rank(value: ir.Value | None, shapes: Mapping[str, Shape]) -> int | None:
    shape = _shape(value, shapes)
    return None if shape is None else len(shape)


def _named(node: ir.Node) -> str:
    return f"Node {(node.name or node.outputs[0].name or '')[:80]!r} ({node.op_type})"


def _check_finite(node: ir.Node) -> None:
    """Regions and scales say where elements are read: of NaN nobody knows where that is."""
    for value in node.inputs[1:]:
        numbers = constant_value(value)
        if numbers is not None and numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
            raise InvalidModelError(
                f"{_named(node)} has a region or scales that are no finite numbers: {numbers.ravel()[:8].tolist()}."
            )


def _check_axis(node: ir.Node, rank: int | None) -> None:
    """An axis counts from either end of the input's."""
    if rank is None or not is_given(node, "axis"):
        return
    axis, most = integer(node, "axis"), rank if node.op_type in _AXIS_BEHIND else rank - 1
    if not -rank <= axis <= most and not (rank == 0 and axis in (0, -1)):
        raise InvalidModelError(
            f"{_named(node)} has axis {axis}; its input of rank {rank} has the axes {-rank} to {most}."
        )
