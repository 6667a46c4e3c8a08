"""This package, in process."""

from __future__ import annotations

import time

import numpy as np

import inspector
from benchmarks import protocol
from benchmarks.models import model_named


def open_contender(name: str, _threads: int) -> protocol.Contender:
    """Load the model and return its tasks; its threads are set by INSPECTOR_THREADS."""
    spec = model_named(name)
    started = time.perf_counter()
    model = inspector.load(spec.path, device="cpu")
    loaded = time.perf_counter() - started
    x = protocol.image(spec.side)
    target = model.predict(x, top=1)[0].classes[0].index
    started = time.perf_counter()
    model.attribute(x, method="saliency", target=target)
    first_map = time.perf_counter() - started

    def occlusion() -> np.ndarray:
        found = model.occlude(x, target=target, size=spec.occluder, stride=spec.occlusion_stride, fill=0.0)
        return found.probability

    def attribute(method: str) -> np.ndarray:
        return model.attribute(x, method=method, target=target).maps

    return {
        "forward": lambda: np.array([score.score for score in model.predict(x)[0].classes]),
        "saliency": lambda: attribute("saliency"),
        "deconvnet": lambda: attribute("deconvnet"),
        "guided": lambda: attribute("guided"),
        "occlusion": occlusion,
        "load": lambda: np.array([loaded, first_map]),
    }


if __name__ == "__main__":
    protocol.serve(open_contender)
