"""Tensors that stay where they were computed."""

from __future__ import annotations

import ctypes
import math

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

    __slots__ = ("value",)

    def __init__(self, value: ort.OrtValue) -> None:
        self.value = value

    @classmethod
    def place(cls, array: Array, device: Device = CPU) -> DeviceTensor:
        """Put an array on a device; on the CPU the array's memory is used as it is."""
        if array.dtype == _BFLOAT16:
            bits = np.ascontiguousarray(array).view(np.uint16)
            return cls(ort.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, _BFLOAT16_NUMBER))
        return cls(ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), device.kind, device.index))

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return tuple(self.value.shape())

    @property
    def nbytes(self) -> int:
        """The bytes that the values take."""
        return int(self.value.tensor_size_in_bytes())

    def numpy(self) -> Array:
        """Return the values on the host; on the CPU a view of the tensor's memory."""
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
