"""Synthesis steps per second of this project: prints JSON. The same objective runs in PyTorch in `speed_torch`.

One picture of 224 × 224 in Fourier space with decorrelated colors; jitter, scale and rotation; one class's logit; Adam.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

import inspector
from benchmarks.synthesis.models import path_of
from inspector.runtime.session import Session
from inspector.types.control import Progress
from inspector.types.requests.synthesize import SynthesizeRequest
from inspector.types.targets import Class

WARM, STEPS = 3, 20
CLASS = 130


def main() -> None:
    """Measure the networks that are named."""
    print(json.dumps({name: measured(name) for name in sys.argv[1:]}))


def measured(name: str) -> dict[str, float]:
    """Return steps per second, and the share of the time that was spent outside ONNX Runtime."""
    inside, ends = [0.0], []

    def run(session: Session, *given: Any, **more: Any) -> Any:
        begin = time.perf_counter()
        found = plain(session, *given, **more)
        inside[0] += time.perf_counter() - begin
        return found

    plain = Session.run
    with inspector.load(path_of(name)) as model:
        Session.run = run  # type: ignore[method-assign]
        try:
            for step in model.steps(
                SynthesizeRequest(targets=(Class(CLASS),), preset="clear", steps=WARM + STEPS)
            ):
                if isinstance(step, Progress):
                    ends.append((time.perf_counter(), time.process_time(), inside[0]))
        finally:
            Session.run = plain  # type: ignore[method-assign]
    took, worked, spent = np.diff(ends, axis=0)[WARM:].T
    return {
        "steps_per_second": float(1 / np.median(took)),
        "cpu_seconds_per_step": float(np.median(worked)),
        "outside": float(1 - spent.sum() / took.sum()),
    }


if __name__ == "__main__":
    main()
