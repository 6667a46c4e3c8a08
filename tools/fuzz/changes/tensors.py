"""Changes of weights and other constants."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tools.fuzz.changes.parts import (
    TYPES,
    Change,
    a_name,
    a_tensor,
)
from tools.fuzz.draw import Draw

_SMALL = 100_000
"""Elements of a tensor whose values are changed."""


def _another_tensor(draw: Draw, proto: onnx.ModelProto) -> None:
    if (tensor := a_tensor(draw, proto)) is not None:
        change_tensor(draw, tensor)


def change_tensor(draw: Draw, tensor: TensorProto) -> None:
    """Change what a tensor declares, or what it holds."""
    match draw.below(9):
        case 0 if tensor.dims:
            tensor.dims[draw.below(len(tensor.dims))] = draw.whole()
        case 1:
            tensor.dims.append(draw.whole())
        case 2:
            tensor.data_type = draw.below(TYPES)
        case 3:
            tensor.raw_data = tensor.raw_data[: draw.below(len(tensor.raw_data) + 1)]
        case 4:
            tensor.name = draw.text()
        case 5:
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(
                key=draw.pick(("location", "offset", "x")),
                value=draw.pick(("/etc/passwd", "w", "../w", "*/_ORT_MEM_ADDR_/*", "-1")),
            )
        case 6:
            tensor.segment.begin = draw.below(10)
        case _:
            _change_values(draw, tensor)


def _change_values(draw: Draw, tensor: TensorProto) -> None:
    """Change what a tensor says, and nothing of how."""
    if tensor.data_location == TensorProto.EXTERNAL:
        return
    try:
        array = numpy_helper.to_array(tensor).copy()
    except (ValueError, TypeError, KeyError, NotImplementedError):
        return
    if array.dtype.kind not in "biuf" or not 0 < array.size <= _SMALL:
        return
    flat, name = array.reshape(-1), tensor.name
    value = draw.real() if array.dtype.kind == "f" else draw.whole()
    with np.errstate(all="ignore"):
        new = np.asarray(value).astype(array.dtype)
    match draw.below(5):
        case 0:
            array = np.full_like(array, new)
        case 1:
            array = array.reshape(-1)
        case 2:
            array = array.astype(draw.pick((np.float64, np.float16, np.int32, np.int64, np.uint8, np.bool_)))
        case 3:
            array = array[: draw.below(len(array) + 1)] if array.ndim else array
        case _:
            flat[draw.below(flat.size)] = new
    tensor.CopyFrom(numpy_helper.from_array(array, name))


def _without_a_tensor(draw: Draw, proto: onnx.ModelProto) -> None:
    if proto.graph.initializer:
        del proto.graph.initializer[draw.below(len(proto.graph.initializer))]


def _a_tensor_as_input(draw: Draw, proto: onnx.ModelProto) -> None:
    """List a weight among the graph's inputs, or feed it from there."""
    tensor = a_tensor(draw, proto)
    if tensor is not None:
        info = helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        proto.graph.input.insert(draw.below(len(proto.graph.input) + 1), info)
        if draw.chance(0.5):
            _without_a_tensor(draw, proto)


def _a_sparse_tensor(draw: Draw, proto: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), a_name(draw, proto))
    indices = numpy_helper.from_array(np.array([draw.whole()]), "i")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))


CHANGES: tuple[Change, ...] = (_another_tensor, _without_a_tensor, _a_tensor_as_input, _a_sparse_tensor)
"""All of them."""
