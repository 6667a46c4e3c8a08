"""Quantized models at each level of optimization: how fast, and how far from the basic one.

    INSPECTOR_ZOO=... python -m benchmarks.levels [MODEL.onnx ...]

One thread, the least CPU time of several rounds in which the contenders take turns; differences are root mean squares
over the zoo's photographs, in steps of the output's quantizer. docs/decisions/0072-quantized-levels.md has the table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort

os.environ.setdefault("INSPECTOR_THREADS", "1")
os.environ["INSPECTOR_CACHE"] = ""

from benchmarks.turns import least
from inspector.engine.engine import Engine
from inspector.engine.quantized.comparison import STEPS_IN_RANGE
from inspector.graph.code_step import code_step
from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from inspector.types.arrays import Array

ROUNDS = 10
LEVELS = {
    "basic": (ort.GraphOptimizationLevel.ORT_ENABLE_BASIC, "1"),
    "highest": (ort.GraphOptimizationLevel.ORT_ENABLE_ALL, "1"),
    "highest, packed": (ort.GraphOptimizationLevel.ORT_ENABLE_ALL, "0"),
}
"""The level, and what is said of `session.disable_prepacking`."""


def main(paths: Sequence[str]) -> None:
    """Print a row per model and level."""
    zoo = Path(os.environ.get("INSPECTOR_ZOO", "../shared/zoo"))
    photographs = [path for path in sorted((zoo / "images").iterdir()) if not path.name.startswith("mnist")]
    chosen = [Path(path) for path in paths] or sorted((zoo / "models").glob("*.onnx"))
    print(
        "| model | level | ms | differs, steps | most | other winner | decided |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    )
    for path in chosen:
        model = read_model(path)
        engine = Engine(model, device=CPU, cache=SessionCache(max_bytes=1 << 30))
        if engine.level is None:
            continue
        images = [prepare(model, photograph).values for photograph in photographs]
        decided = engine.level.get()
        sessions = {name: _session(path, *options) for name, options in LEVELS.items()}
        ways = {name: partial(_first, session, images[0]) for name, session in sessions.items()}
        taken = least(ways, turns=ROUNDS)
        reference = [_first(sessions["basic"], image) for image in images]
        step = code_step(model.ir, model.outputs[0].name) or float(np.ptp(reference[0])) / STEPS_IN_RANGE
        for name, session in sessions.items():
            off = [_first(session, image) - one for image, one in zip(images, reference, strict=True)]
            root, most = np.sqrt(np.mean(np.square(off))) / step, np.abs(off).max() / step
            others = sum(
                np.argmax(one + by) != np.argmax(one) for one, by in zip(reference, off, strict=True)
            )
            print(
                f"| {path.stem} | {name} | {taken[name] * 1e3:.2f} | {root:.2f} | {most:.0f} | "
                f"{others}/{len(images)} | {decided.optimization.name.lower()} |",
                flush=True,
            )


def _session(path: Path, level: ort.GraphOptimizationLevel, unpacked: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    options.log_severity_level = 3
    options.add_session_config_entry("session.disable_prepacking", unpacked)
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _first(session: ort.InferenceSession, image: Array) -> Array:
    found: Array = session.run(None, {session.get_inputs()[0].name: image})[0].astype(np.float64).ravel()
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
