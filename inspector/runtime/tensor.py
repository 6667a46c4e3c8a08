"""Tensors that stay where they were computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort

from inspector.runtime.device import CPU, Device

Array = np.ndarray[Any, np.dtype[Any]]


class DeviceTensor:
    """A tensor on a device; it comes to the host only through `numpy()`."""

    __slots__ = ("value",)

    def __init__(self, value: ort.OrtValue) -> None:
        self.value = value

    @classmethod
    def place(cls, array: Array, device: Device = CPU) -> DeviceTensor:
        """Put an array on a device; on the CPU the array's memory is used as it is."""
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
        array: Array = self.value.numpy()
        return array
