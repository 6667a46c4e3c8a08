"""Checks of a TensorProto: what it declares against what it holds."""

from __future__ import annotations

from math import prod

import onnx
import onnx_ir as ir

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits, require_at_most

_INT32 = (
    "BOOL", "INT8", "UINT8", "INT16", "UINT16", "INT32", "FLOAT16", "BFLOAT16", "INT4", "UINT4", "INT2", "UINT2",
    "FLOAT4E2M1", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0",
)  # fmt: skip
_FIELD_OF = {
    "FLOAT": "float_data", "COMPLEX64": "float_data", "DOUBLE": "double_data", "COMPLEX128": "double_data",
    "INT64": "int64_data", "UINT32": "uint64_data", "UINT64": "uint64_data", "STRING": "string_data",
    **dict.fromkeys(_INT32, "int32_data"),
}  # fmt: skip
"""Where the specification puts the values of each element type that are not raw."""
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
    if tensor.HasField("segment"):
        raise InvalidModelError(
            f"Tensor {name} is a segment of a larger one, which ONNX Runtime does not read. Save the weights whole."
        )
    for size in tensor.dims:
        if size < 0:
            raise InvalidModelError(
                f"Tensor {name} has the negative dimension {size} in {list(tensor.dims)}."
            )
        require_at_most(size, limits, what=f"A dimension of tensor {name}", name="max_dim")
    _check_fields(tensor, name, dtype)
    count = prod(tensor.dims)
    if dtype == ir.DataType.STRING:
        _require_count(name, count, len(tensor.string_data))
        return
    declared = -(-count * dtype.bitwidth // 8)
    if declared > limits.max_tensor_bytes:
        raise LimitExceededError(
            f"Tensor {name} declares {list(tensor.dims)}: {declared:,} bytes; the limit is "
            f"{limits.max_tensor_bytes:,}. {limits.mend('max_tensor_bytes')}",
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


def _check_fields(tensor: onnx.TensorProto, name: str, dtype: ir.DataType) -> None:
    """Refuse values in a field that is another type's."""
    own = _FIELD_OF.get(dtype.name)
    for field in _TYPED_FIELDS:
        if field != own and len(getattr(tensor, field)):
            raise InvalidModelError(
                f"Tensor {name} is of {dtype.name} and holds values in {field}, which is not the field of that type."
            )
    if dtype == ir.DataType.STRING and tensor.HasField("raw_data"):
        raise InvalidModelError(f"Tensor {name} is of STRING and holds raw data, which strings cannot be.")


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
