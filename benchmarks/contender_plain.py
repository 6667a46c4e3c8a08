"""ONNX Runtime alone: the exported file in a plain session, and occlusion as the loop that one would write."""

from __future__ import annotations

import functools

import numpy as np
import onnxruntime

from benchmarks import protocol
from benchmarks.models import model_named

BATCH = 8


def open_contender(name: str, threads: int) -> protocol.Contender:
    """Create the session and return its tasks."""
    model = model_named(name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])
    input_name = session.get_inputs()[0].name
    x = protocol.image(model.side)

    def run(batch: np.ndarray) -> np.ndarray:
        answer: np.ndarray = session.run(None, {input_name: batch})[0]
        return answer

    if model.occlusion is None:
        return {"forward": lambda: run(x)}
    size, stride = model.occlusion.size, model.occlusion.stride

    @functools.cache
    def target() -> int:
        return int(run(x).argmax())

    def occlusion() -> np.ndarray:
        starts = range(0, model.side - size + 1, stride)
        corners = [(top, left) for top in starts for left in starts]
        scores = []
        for first in range(0, len(corners), BATCH):
            part = corners[first : first + BATCH]
            batch = np.repeat(x, len(part), axis=0)
            for occluded, (top, left) in zip(batch, part, strict=True):
                occluded[:, top : top + size, left : left + size] = 0
            scores.append(run(batch)[:, target()])
        return np.concatenate(scores).reshape(len(starts), len(starts))

    return {"forward": lambda: run(x), "occlusion": occlusion}


if __name__ == "__main__":
    protocol.serve(open_contender)
