"""The value of a tensor that does not depend on the model's inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from inspector.model.dequantize import dequantize, spread
from inspector.operators.attributes import (
    flag,
    integer,
    integers,
    optional_integer,
    optional_integers,
    tensor_in,
)
from inspector.operators.domains import MICROSOFT, STANDARD_SPELLINGS

Array = npt.NDArray[np.generic]
Inputs = list[Array | None]
Known = dict[ir.Value, Array | None]

MAX_DEPTH = 32
"""How many cheap operators are followed from a constant."""


def constant_value(value: ir.Value | None) -> Array | None:
    """Return the array that `value` always has, or None where it depends on an input or is not cheap to know.

    Knows initializers, Constant nodes (all attribute kinds) and Identity, Cast, Reshape, Transpose, Squeeze,
    Unsqueeze, Flatten, QuantizeLinear and DequantizeLinear of constants. An initializer that is also a graph input
    counts as its default value.
    """
    return _constant(value, 0, {})


def _constant(value: ir.Value | None, depth: int, known: Known) -> Array | None:
    """Return the array of a value; `known` has those that were met: what is read twice is followed once."""
    if value is None or depth > MAX_DEPTH:
        return None
    if value.const_value is not None:
        return value.const_value.numpy()
    if value not in known:
        known[value] = _folded(value.producer(), depth, known)
    return known[value]


def _folded(node: ir.Node | None, depth: int, known: Known) -> Array | None:
    if node is None or node.domain not in (*STANDARD_SPELLINGS, MICROSOFT):
        return None
    if node.op_type == "Constant":
        return _constant_node(node)
    fold = _FOLDS.get(node.op_type)
    if fold is None:
        return None
    inputs = [_constant(item, depth + 1, known) for item in node.inputs]
    if any(array is None and item is not None for array, item in zip(inputs, node.inputs, strict=True)):
        return None
    if not inputs or inputs[0] is None:
        return None
    try:
        return fold(node, inputs[0], inputs)
    except (ValueError, TypeError):
        # The graph contradicts itself here; the checks of the model say so where it matters.
        return None


def _constant_node(node: ir.Node) -> Array | None:
    for name, attribute in node.attributes.items():
        if attribute.is_ref():
            return None
        if name == "value":
            return tensor_in(attribute).numpy()
        if name == "value_int":
            return np.asarray(attribute.as_int(), np.int64)
        if name == "value_float":
            return np.asarray(attribute.as_float(), np.float32)
        if name == "value_ints":
            return np.asarray(attribute.as_ints(), np.int64)
        if name == "value_floats":
            return np.asarray(attribute.as_floats(), np.float32)
        if name == "value_string":
            return np.asarray(attribute.as_string(), np.object_)
        if name == "value_strings":
            return np.asarray(attribute.as_strings(), np.object_)
    return None


def _axes(node: ir.Node, inputs: Inputs) -> tuple[int, ...] | None:
    if len(inputs) > 1 and inputs[1] is not None:
        return tuple(int(axis) for axis in np.atleast_1d(inputs[1]))
    return optional_integers(node, "axes")


def _cast(node: ir.Node, data: Array, _inputs: Inputs) -> Array | None:
    to = optional_integer(node, "to")
    return None if to is None else data.astype(ir.DataType(to).numpy())


def _reshape(node: ir.Node, data: Array, inputs: Inputs) -> Array | None:
    target = inputs[1] if len(inputs) > 1 else None
    shape = [int(size) for size in (integers(node, "shape", ()) if target is None else target)]
    if not flag(node, "allowzero"):
        shape = [
            data.shape[axis] if size == 0 and axis < data.ndim else size for axis, size in enumerate(shape)
        ]
    return data.reshape(shape)


def _transpose(node: ir.Node, data: Array, _inputs: Inputs) -> Array | None:
    return np.transpose(data, optional_integers(node, "perm"))


def _squeeze(node: ir.Node, data: Array, inputs: Inputs) -> Array | None:
    return np.squeeze(data, _axes(node, inputs))


def _unsqueeze(node: ir.Node, data: Array, inputs: Inputs) -> Array | None:
    axes = _axes(node, inputs)
    return None if axes is None else np.expand_dims(data, axes)


def _flatten(node: ir.Node, data: Array, _inputs: Inputs) -> Array | None:
    axis = integer(node, "axis")
    return data.reshape(int(np.prod(data.shape[:axis], dtype=np.int64)), -1)


def _quantize(node: ir.Node, data: Array, inputs: Inputs) -> Array | None:
    """Return saturate(round(x / s) + z), ties to even; small floats and blocks are left to the runtime."""
    scale, zero = inputs[1], inputs[2] if len(inputs) > 2 else None
    given = ir.DataType(integer(node, "output_dtype"))
    kind = (
        zero.dtype
        if zero is not None
        else (ir.DataType.UINT8 if given == ir.DataType.UNDEFINED else given).numpy()
    )
    block = integer(node, "block_size")
    if scale is None or block or not np.issubdtype(kind, np.integer):
        return None
    axis = integer(node, "axis")
    codes = np.rint(np.divide(data, spread(scale, data.shape, axis=axis), dtype=np.float32))
    if zero is not None:
        codes = codes + spread(zero, data.shape, axis=axis).astype(np.float32)
    quantized: Array = np.clip(codes, np.iinfo(kind).min, np.iinfo(kind).max).astype(kind)
    return quantized


def _dequantize(node: ir.Node, data: Array, inputs: Inputs) -> Array | None:
    scale, zero = inputs[1], inputs[2] if len(inputs) > 2 else None
    if scale is None:
        return None
    axis, block = integer(node, "axis"), integer(node, "block_size")
    return dequantize(data, scale, zero, axis=axis, block=block)


def _identity(_node: ir.Node, data: Array, _inputs: Inputs) -> Array | None:
    return data


_FOLDS: dict[str, Callable[[ir.Node, Array, Inputs], Array | None]] = {
    "Identity": _identity,
    "Cast": _cast,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Flatten": _flatten,
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
}
