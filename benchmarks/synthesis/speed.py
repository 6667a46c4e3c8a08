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
    """ONNX Runtime's own call, with the seconds that were spent in it."""

    def __init__(self) -> None:
        self.inside = 0.0
        self._plain = ort.InferenceSession.run_with_iobinding

    def __enter__(self) -> _Timed:
        def run(session: Any, *given: Any) -> None:
            begin = time.perf_counter()
            self._plain(session, *given)
            self.inside += time.perf_counter() - begin

        setattr(ort.InferenceSession, _CALL, run)
        return self

    def __exit__(self, *raised: object) -> None:
        setattr(ort.InferenceSession, _CALL, self._plain)


_CALL = "run_with_iobinding"


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
