"""Shapes of one node's outputs, by ONNX's inference of single operators."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper, shape_inference

from inspector.model.element_types import dtype_name, element_type
from inspector.operators.domains import STANDARD_SPELLINGS
from inspector.types.layers import Shape

Array = npt.NDArray[np.generic]

_REFUSALS = (
    onnx.checker.ValidationError,
    onnx.defs.SchemaError,
    shape_inference.InferenceError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What ONNX raises for nodes that are not what their operator says: inference of the whole graph speaks of those."""


def infer_outputs(
    node: onnx.NodeProto,
    *,
    shapes: Mapping[str, Shape],
    dtypes: Mapping[str, str],
    values: Mapping[str, Array],
    opset: int,
    free: bool = False,
) -> dict[str, tuple[Shape, str]]:
    """Return shape and dtype of the outputs that follow wholly from the inputs; `values` are inputs that are known.

    With `free` sizes need not be numbers, those of the inputs and those of the outputs.
    """
    if node.domain not in STANDARD_SPELLINGS or any(attribute.HasField("g") for attribute in node.attribute):
        return {}
    names = [name for name in node.input if name]
    if any(shapes.get(name) is None or name not in dtypes for name in names):
        return {}
    if not free and not all(is_known(shapes[name]) for name in names):
        return {}
    try:
        types = {
            name: onnx.helper.make_tensor_type_proto(element_type(dtypes[name]), shapes[name])
            for name in names
        }
        data = {name: numpy_helper.from_array(np.asarray(values[name])) for name in names if name in values}
        schema = onnx.defs.get_schema(node.op_type, opset)
        found = shape_inference.infer_node_outputs(
            schema, node, types, data, opset_imports=[onnx.helper.make_opsetid("", opset)]
        )
    except _REFUSALS:
        return {}
    known = {name: _read(found_type, free=free) for name, found_type in found.items() if name}
    return {name: pair for name, pair in known.items() if pair is not None}


def is_known(shape: Shape | None) -> bool:
    """Whether every size is a number."""
    return shape is not None and all(isinstance(size, int) for size in shape)


def _read(found: onnx.TypeProto, *, free: bool) -> tuple[Shape, str] | None:
    tensor = found.tensor_type
    if not tensor.elem_type or not tensor.HasField("shape"):
        return None
    sizes = tuple(
        dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None for dim in tensor.shape.dim
    )
    if not free and not is_known(sizes):
        return None
    return sizes, dtype_name(tensor.elem_type)
