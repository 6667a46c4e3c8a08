"""Synthesis steps per second of this project: prints JSON. The same objective runs in PyTorch in `speed_torch`.

One picture of 224 × 224 in Fourier space with decorrelated colors; jitter, scale and rotation; one class's logit; Adam.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import onnxruntime as ort

import inspector
from benchmarks.synthesis.models import path_of
from inspector.types.control import Progress
from inspector.types.requests.synthesize import SynthesizeRequest
from inspector.types.targets import Class

WARM, STEPS = 3, 20
CLASS = 130


def main() -> None:
    """Measure the networks that are named."""
    print(json.dumps({name: measured(name) for name in sys.argv[1:]}))


class _Timed:
    """ONNX Runtime's own calls, with the seconds that were spent in them."""

    def __init__(self) -> None:
        self.inside = 0.0
        self._plain = {name: getattr(ort.InferenceSession, name) for name in _CALLS}

    def __enter__(self) -> _Timed:
        for name, plain in self._plain.items():
            setattr(ort.InferenceSession, name, self._timed(plain))
        return self

    def __exit__(self, *raised: object) -> None:
        for name, plain in self._plain.items():
            setattr(ort.InferenceSession, name, plain)

    def _timed(self, plain: Any) -> Any:
        def run(*given: Any) -> Any:
            begin = time.perf_counter()
            try:
                return plain(*given)
            finally:
                self.inside += time.perf_counter() - begin

        return run


_CALLS = ("run_with_iobinding", "run_with_ort_values")


def measured(name: str) -> dict[str, float]:
    """Return steps per second, and the share of the time that was spent outside ONNX Runtime."""
    request = SynthesizeRequest(targets=(Class(CLASS),), preset="clear", steps=WARM + STEPS)
    with inspector.load(path_of(name)) as model, _Timed() as timed:
        ends = [
            (time.perf_counter(), time.process_time(), timed.inside)
            for step in model.steps(request)
            if isinstance(step, Progress)
        ]
    took, worked, spent = np.diff(ends, axis=0)[WARM:].T
    return {
        "steps_per_second": float(1 / np.median(took)),
        "cpu_seconds_per_step": float(np.median(worked)),
        "outside": float(1 - spent.sum() / took.sum()),
    }


if __name__ == "__main__":
    main()
