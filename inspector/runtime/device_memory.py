"""The memory of a device that is not the host's: how much of it is taken, and what gives it back where it is used up.

ONNX Runtime's sessions take it as they are made and as they first run (their arenas, and the workspaces of libraries),
and tell nobody. So the device is asked before and after (docs/decisions/0063-cuda.md).
"""

from __future__ import annotations

import ctypes
import functools
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import onnxruntime as ort

from inspector.runtime.device import Device

_LEFT = 256 << 20
"""Where less than this is free, a failure is for want of memory, whatever it says of itself."""

_SAYINGS = (
    "out of memory",
    "CUBLAS failure 3",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "Failed to allocate memory",
)
"""How ONNX Runtime, and the libraries that it runs, say that there is no memory left."""


class Memory(NamedTuple):
    """Of a device, in bytes; of all processes that use it."""

    free: int
    total: int


def memory_of(device: Device) -> Memory | None:
    """Return how much memory a device has; None of the host, and where the device does not say."""
    library = _library() if device.memory == "cuda" else None
    if library is None:
        return None
    free, total, before = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_int()
    # Which device is asked is a matter of the thread, and of others that use the library in it.
    if library.cudaGetDevice(ctypes.byref(before)) or library.cudaSetDevice(device.index):
        return None
    try:
        failed = library.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total))
    finally:
        library.cudaSetDevice(before)
    return None if failed else Memory(free=free.value, total=total.value)


@functools.cache
def _library() -> ctypes.CDLL | None:
    """Return CUDA's runtime, of the version that ONNX Runtime was built for and has loaded."""
    major = str(getattr(ort, "cuda_version", "") or "").partition(".")[0]
    try:
        return ctypes.CDLL(f"libcudart.so.{major}") if major else None
    except OSError:
        return None


@functools.cache
def most_bytes() -> int | None:
    """Return how much of a device's memory this process's sessions may hold: half; None where that is not known."""
    memory = memory_of(Device("cuda"))
    return None if memory is None else memory.total // 2


class Taken:
    """What was taken of a device's memory during some blocks; what others take meanwhile counts as well."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.bytes = 0

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what the device's memory grew by in a block."""
        before = memory_of(self._device)
        yield
        after = memory_of(self._device)
        if before is not None and after is not None:
            self.bytes += max(before.free - after.free, 0)


class Holder(Protocol):
    """What holds sessions, and can do without."""

    def clear(self) -> None:
        """Forget them all; those that run end with their runs."""


_holders: weakref.WeakSet[Holder] = weakref.WeakSet()


def register(holder: Holder) -> None:
    """Ask a holder to give up what it holds, as long as it lives, where a device's memory is used up."""
    _holders.add(holder)


def relieve() -> None:
    """Have all holders give up what they hold."""
    for holder in list(_holders):
        holder.clear()


def is_used_up(error: Exception, device: Device) -> bool:
    """Return whether a failure on a device with memory of its own is for want of it."""
    if not device.has_own_memory:
        return False
    if any(saying in str(error) for saying in _SAYINGS):
        return True
    memory = memory_of(device)
    return memory is not None and memory.free < _LEFT
