"""One version of this package, for `benchmarks.shares`: its calls in a process that is warm, or its start in a new one.

A file that is run by itself: the package is whichever PYTHONPATH names.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime

_RUNS = ("run_with_iobinding", "run_with_ort_values")
_EACH = 20
_PACKAGES = ("operators", "model", "graph", "grad", "runtime", "engine", "resolve", "methods", "face")


class Timed:
    """ONNX Runtime's own calls, with the nanoseconds of this thread that were spent in them."""

    def __init__(self) -> None:
        self.inside = 0
        for name in _RUNS:
            setattr(
                onnxruntime.InferenceSession, name, self._timed(getattr(onnxruntime.InferenceSession, name))
            )

    def _timed(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            began = time.thread_time_ns()
            try:
                return plain(*given)
            finally:
                self.inside += time.thread_time_ns() - began

        return run


def main() -> None:
    """Do what is asked: `MODEL calls`, `MODEL start` or `MODEL session`."""
    path, what = sys.argv[1:]
    if what == "session":
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        began = time.process_time()
        onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        print(json.dumps({"session": (time.process_time() - began) * 1e3}))
        return
    _import_all()
    if what == "start":
        print(json.dumps(_start(path)))
        return
    calls, timed = _calls(path), Timed()
    for _ in sys.stdin:
        print(json.dumps({name: _least(call, timed) for name, call in calls.items()}), flush=True)


def _import_all() -> None:
    """Import what the first call would: imports are measured by themselves."""
    from inspector.registry import Registry, import_all  # noqa: PLC0415

    for package in _PACKAGES:
        import_all(f"inspector.{package}")
    for one in gc.get_objects():
        if isinstance(one, Registry):
            len(one)
    np.random.default_rng(0)


def _start(path: str) -> dict[str, float]:
    import inspector  # noqa: PLC0415

    began = time.process_time()
    model = inspector.load(path, device="cpu")
    loaded = time.process_time()
    x = _image(model)
    ready = time.process_time()
    model.attribute(x, method="saliency")
    return {"load": (loaded - began) * 1e3, "first": (time.process_time() - ready) * 1e3}


def _calls(path: str) -> dict[str, Callable[[], object]]:
    import inspector  # noqa: PLC0415

    model = inspector.load(path, device="cpu")
    x = _image(model)
    found: dict[str, Callable[[], object]] = {
        "prediction": lambda: model.predict(x),
        "saliency": lambda: model.attribute(x, method="saliency"),
        "deconvnet": lambda: model.attribute(x, method="deconvnet"),
        "Grad-CAM": lambda: model.attribute(x, method="gradcam"),
    }
    for call in found.values():
        for _ in range(5):
            call()
    return found


def _least(call: Callable[[], object], timed: Timed) -> tuple[float, float]:
    """Return the least milliseconds outside of ONNX Runtime's runs, and of all of the call."""
    own, every = [], []
    for _ in range(_EACH):
        timed.inside = 0
        began = time.thread_time_ns()
        call()
        took = time.thread_time_ns() - began
        own.append(took - timed.inside)
        every.append(took)
    return min(own) / 1e6, min(every) / 1e6


def _image(model: Any) -> np.ndarray:
    sizes = [size if isinstance(size, int) else 224 for size in model.info.input.shape[1:]]
    return np.random.default_rng(0).standard_normal((1, *sizes)).astype(np.float32)


if __name__ == "__main__":
    main()
