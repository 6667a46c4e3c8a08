"""ONNX Runtime alone, as one uses it by hand: a session of a file.

It imports nothing of this package: who measures the runtime alone measures its imports, too.
"""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort

ALL = ort.GraphOptimizationLevel.ORT_ENABLE_ALL


def bare_session(
    file: Path | str | bytes, *, threads: int, level: ort.GraphOptimizationLevel = ALL
) -> ort.InferenceSession:
    """Open a file, or a model in memory, on the CPU; of what the runtime says, errors alone are written."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = level
    options.log_severity_level = 3
    given = file if isinstance(file, bytes) else str(file)
    return ort.InferenceSession(given, options, providers=["CPUExecutionProvider"])
