"""Tensors that stay where they were computed."""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Sequence

import ml_dtypes
import numpy as np
import onnxruntime as ort

from inspector.errors import DeviceError
from inspector.runtime.device import CPU, Device
from inspector.types.arrays import Array

_BFLOAT16, _BFLOAT16_NUMBER = np.dtype(ml_dtypes.bfloat16), 16
"""A type that the runtime's Python binding knows as bits only; the number is that of onnx.TensorProto."""


class DeviceTensor:
    """A tensor on a device; it comes to the host only through `numpy()`."""

    __slots__ = ("_lent", "value")

    def __init__(self, value: ort.OrtValue, *, lent: Array | None = None) -> None:
        """Hold a value; `lent` is the array whose memory it uses, which arrays made of the value do not keep alive."""
        self.value = value
        self._lent = lent

    @classmethod
    def place(cls, array: Array, device: Device = CPU) -> DeviceTensor:
        """Put an array on a device; on the CPU the array's memory is used as it is."""
        if array.dtype == _BFLOAT16:
            bits = np.asarray(array, order="C").view(np.uint16)
            return cls(ort.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, _BFLOAT16_NUMBER))
        whole = np.asarray(array, order="C")  # np.ascontiguousarray would give a scalar an axis
        value = ort.OrtValue.ortvalue_from_numpy(whole, device.memory, device.index)
        return cls(value, lent=whole if device == CPU else None)

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return tuple(self.value.shape())

    @property
    def dtype(self) -> str:
        """NumPy's name of the element type."""
        return _names()[self.value.element_type()]

    @property
    def nbytes(self) -> int:
        """The bytes that the values take."""
        return int(self.value.tensor_size_in_bytes())

    def first(self, rows: int, *, device: Device) -> DeviceTensor:
        """Return the first rows: on the CPU a view; elsewhere a copy over the host, unless that is all of them."""
        if not self.shape or self.shape[0] <= rows:
            return self
        return self.place(self.numpy()[:rows], device)

    @classmethod
    def joined(cls, parts: Sequence[DeviceTensor], *, device: Device) -> DeviceTensor:
        """Return the rows of at least one tensor, one after another; several are copied over the host."""
        if len(parts) == 1:
            return parts[0]
        return cls.place(np.concatenate([part.numpy() for part in parts]), device)

    def numpy(self) -> Array:
        """Return the values on the host; on the CPU a view of the tensor's memory."""
        if self._lent is not None:
            return self._lent
        if self.value.element_type() == _BFLOAT16_NUMBER:
            return self._bfloat16()
        array: Array = self.value.numpy()
        return array

    def _bfloat16(self) -> Array:
        if self.value.device_name().lower() != "cpu":
            raise DeviceError(
                "A tensor of bfloat16 cannot be brought from this device to the host. Look at another layer, use the "
                'device "cpu", or convert the model to float16.'
            )
        bits = (ctypes.c_uint16 * math.prod(self.shape)).from_address(self.value.data_ptr())
        array: Array = np.ctypeslib.as_array(bits).view(_BFLOAT16).reshape(self.shape).copy()
        return array


@functools.cache
def _names() -> dict[int, str]:
    """Return NumPy's names of element types by the numbers of onnx.TensorProto."""
    kinds = (
        "float32",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "bool",
        "float16",
        "float64",
        "uint32",
        "uint64",
    )
    made = (ort.OrtValue.ortvalue_from_numpy(np.zeros(1, kind)).element_type() for kind in kinds)
    return {**dict(zip(made, kinds, strict=True)), _BFLOAT16_NUMBER: "bfloat16"}
