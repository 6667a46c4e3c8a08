"""ONNX Runtime itself, as a judge beside the package."""

from __future__ import annotations

import os

import onnx
import onnxruntime as ort

NEWEST_OPSET = 26
"""The newest opset that ONNX Runtime takes."""


def plain_options() -> ort.SessionOptions:
    """Return options by which sessions are silent, and have as many threads as the package's: sums depend on them."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = int(os.environ.get("INSPECTOR_THREADS", "0"))
    return options


def plain_session(model: onnx.ModelProto | bytes | str, *, optimize: bool = True) -> ort.InferenceSession:
    """Return a session on the CPU, of a model, its bytes, or its path."""
    options = plain_options()
    if not optimize:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else model
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
