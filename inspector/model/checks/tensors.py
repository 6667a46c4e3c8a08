"""Checks of a TensorProto: what it declares against what it holds."""

from __future__ import annotations

from math import prod

import onnx
import onnx_ir as ir

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits, require_at_most

_TYPED_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def check_tensor(tensor: onnx.TensorProto, *, limits: Limits) -> None:
    """Raise where the tensor's type is unknown, a dimension is off, or its values are more or fewer than declared."""
    name = repr(tensor.name[:80])
    try:
        dtype = ir.DataType(tensor.data_type)
    except ValueError as error:
        raise InvalidModelError(f"Tensor {name} has the unknown element type {tensor.data_type}.") from error
    if dtype == ir.DataType.UNDEFINED:
        raise InvalidModelError(f"Tensor {name} has no element type.")
    for size in tensor.dims:
        if size < 0:
            raise InvalidModelError(
                f"Tensor {name} has the negative dimension {size} in {list(tensor.dims)}."
            )
        require_at_most(size, limits.max_dim, what=f"A dimension of tensor {name}", name="max_dim")
    count = prod(tensor.dims)
    if dtype == ir.DataType.STRING:
        _require_count(name, count, len(tensor.string_data))
        return
    declared = -(-count * dtype.bitwidth // 8)
    if declared > limits.max_tensor_bytes:
        raise LimitExceededError(
            f"Tensor {name} declares {list(tensor.dims)}: {declared:,} bytes; the limit is "
            f"{limits.max_tensor_bytes:,}. Raise Limits.max_tensor_bytes if you trust the source.",
            field="max_tensor_bytes",
        )
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        _check_external_length(tensor, name, declared)
    elif tensor.HasField("raw_data"):
        if len(tensor.raw_data) != declared:
            raise InvalidModelError(
                f"Tensor {name} declares {list(tensor.dims)} of {dtype.name}: {declared:,} bytes; "
                f"it holds {len(tensor.raw_data):,}."
            )
    else:
        held = sum(len(getattr(tensor, field)) for field in _TYPED_FIELDS)
        _require_count(name, _stored_elements(count, dtype), held)


def _stored_elements(count: int, dtype: ir.DataType) -> int:
    if dtype in (ir.DataType.COMPLEX64, ir.DataType.COMPLEX128):
        return 2 * count
    if dtype.bitwidth < 8:
        return -(-count * dtype.bitwidth // 8)
    return count


def _check_external_length(tensor: onnx.TensorProto, name: str, declared: int) -> None:
    for entry in tensor.external_data:
        if entry.key == "length" and int(entry.value) != declared:
            raise InvalidModelError(
                f"Tensor {name} declares {list(tensor.dims)}: {declared:,} bytes; its external data has "
                f"{entry.value}."
            )


def _require_count(name: str, declared: int, held: int) -> None:
    if declared != held:
        raise InvalidModelError(f"Tensor {name} declares {declared:,} values; it holds {held:,}.")
