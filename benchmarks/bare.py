"""ONNX Runtime alone, as one uses it by hand: a session of a file.

It imports nothing of this package: who measures the runtime alone measures its imports, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime as ort

ALL = ort.GraphOptimizationLevel.ORT_ENABLE_ALL

PROVIDERS: Mapping[str, list[Any]] = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": [("CUDAExecutionProvider", {"use_tf32": "0"}), "CPUExecutionProvider"],
}
"""By device. On CUDA whole float32, as on the CPU, which is not what the runtime does unless told."""


def bare_session(
    file: Path | str | bytes,
    *,
    threads: int,
    level: ort.GraphOptimizationLevel = ALL,
    device: str = "cpu",
) -> ort.InferenceSession:
    """Open a file, or a model in memory; of what the runtime says, errors alone are written."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = level
    options.log_severity_level = 3
    given = file if isinstance(file, bytes) else str(file)
    if device != "cpu":
        ort.preload_dlls()
    session = ort.InferenceSession(given, options, providers=PROVIDERS[device])
    if len(session.get_providers()) < len(PROVIDERS[device]):
        raise RuntimeError(f"asked for {device}, the session runs on {session.get_providers()}")
    return session
