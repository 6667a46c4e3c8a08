"""What ONNX Runtime raises: its exceptions share no base class but Exception."""

from __future__ import annotations

from onnxruntime.capi import onnxruntime_pybind11_state as binding

RUNTIME_FAILURES: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    NotImplementedError,
    *(kind for kind in vars(binding).values() if isinstance(kind, type) and issubclass(kind, Exception)),
)
"""All of them: those that its binding defines (Fail, InvalidGraph, NotImplemented, …) and Python's own."""
