"""Sums of maps, computed in the graph: one number per channel comes out instead of a map."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from inspector.graph.opset import standard_opset

_MARK = "/totals/"
"""Between a tensor's name and which of how many axes is kept, beside the first one."""

_NAME = re.compile(rf"(.+){_MARK}(\d+)/(\d+)", re.DOTALL)

_FIRST_OPSET_WITH_AXES_AS_INPUT = 13


def totals_of(tensor: str, *, axis: int, rank: int) -> str:
    """Return the name of a tensor's sums over all of its axes but the first and `axis`: float32 (N, channels).

    Codes are summed as the whole numbers that they are.
    """
    return f"{tensor}{_MARK}{axis}/{rank}"


def summed(name: str) -> str | None:
    """Return the tensor whose sums a name means, where no tensor has that name; None where it means a tensor."""
    found = _NAME.fullmatch(name)
    return None if found is None else found[1]


def with_totals(model: ir.Model, names: Sequence[str]) -> ir.Model:
    """Return a copy of the model that computes the sums among some names; the model itself where none are."""
    asked = {name: found for name in names if (found := _NAME.fullmatch(name)) is not None}
    if not asked:
        return model
    copy = model.clone()
    values = {value.name: value for node in copy.graph for value in node.outputs}
    for name, found in asked.items():
        tensor, axis, rank = found[1], int(found[2]), int(found[3])
        if name not in values and tensor in values:
            _add(copy, values[tensor], name, axes=[one for one in range(1, rank) if one != axis])
    return copy


def _add(model: ir.Model, value: ir.Value, name: str, *, axes: Sequence[int]) -> None:
    """Write a ReduceSum; of whole numbers and small floats in float32."""
    as_float = ir.Node("", "Cast", [value], [ir.Attr("to", ir.AttributeType.INT, int(ir.DataType.FLOAT))])
    made = as_float
    nodes = [as_float]
    if axes:
        inputs, attributes = [as_float.outputs[0]], [ir.Attr("keepdims", ir.AttributeType.INT, 0)]
        if standard_opset(model) < _FIRST_OPSET_WITH_AXES_AS_INPUT:
            attributes.append(ir.Attr("axes", ir.AttributeType.INTS, list(axes)))
        else:
            tensor = ir.tensor(np.asarray(axes, np.int64), name=f"{name}/axes")
            given = ir.Value(name=tensor.name, const_value=tensor, type=ir.TensorType(ir.DataType.INT64))
            model.graph.register_initializer(given)
            inputs.append(given)
        made = ir.Node("", "ReduceSum", inputs, attributes)
        nodes.append(made)
        as_float.outputs[0].name = f"{name}/float"
    made.outputs[0].name = name
    made.outputs[0].dtype = ir.DataType.FLOAT
    model.graph.extend(nodes)
