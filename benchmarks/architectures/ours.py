"""Differentiate exported files with inspector; runs in the project's environment.

`python -m benchmarks.architectures.ours FOLDER` reads `reference.npz` and the .onnx files, and writes one JSON line
per file to `ours.jsonl`.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.architectures.comparison import BOUND, POLICIES, deviations
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import InspectorError
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import resolve_device

NEARBY = (1e-7, 3e-7, 1e-6, 3e-6)
"""How far, in units of the input, the images are that are tried where a map differs: two each, on opposite sides."""


def main() -> None:
    """Measure each file."""
    folder = Path(sys.argv[1])
    reference = dict(np.load(folder / "reference.npz"))
    with (folder / "ours.jsonl").open("w", encoding="utf-8") as log:
        for path in sorted(folder.glob("*.onnx")):
            log.write(json.dumps({"file": path.stem, **measure(path, reference)}) + "\n")
            log.flush()


def measure(path: Path, reference: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the deviations of forward, gradient, deconvnet and guided from autograd's, or the error."""
    started = time.perf_counter()
    found: dict[str, Any] = {}
    try:
        engine = Engine(read_model(path), device=resolve_device("cpu"), cache=SessionCache(max_bytes=4 << 30))
        found["forward"] = _forward(engine, reference)
        for policy in POLICIES:
            found[policy] = _policy(engine, policy, reference)
        engine.close()
    except InspectorError as error:
        found["error"] = f"{type(error).__name__} ({error.reason}): {error.message}"
    except Exception as error:  # noqa: BLE001 - a bug is a result, too
        found["error"] = f"BUG {type(error).__name__}: {error}"
        traceback.print_exc()
    return found | {"seconds": time.perf_counter() - started}


def _forward(engine: Engine, reference: dict[str, np.ndarray]) -> float:
    names = [output.name for output in engine.model.outputs]
    answers = Run(engine).forward(reference["images"], names)
    return max(
        float(deviations(answers[name].reshape(expected.shape), expected).max())
        for number, name in enumerate(names)
        if (expected := reference[f"output/{number}"]).size
    )


def _policy(engine: Engine, policy: str, reference: dict[str, np.ndarray]) -> dict[str, float]:
    """Return how far the maps are off, and, where it is too far, how far they are nearby.

    A mask that rounding decides falls the other way beside the image, and a wrong rule stays wrong.
    """
    images = reference["images"]
    off = _off(engine, policy, reference, images)
    found = {"off": float(off.max())}
    if found["off"] > BOUND:
        rng = np.random.default_rng(0)
        for distance in NEARBY:
            step = distance * rng.standard_normal(images.shape).astype(np.float32)
            for beside in (images + step, images - step):
                off = np.minimum(off, _off(engine, policy, reference, beside))
        found["nearby"] = float(off.max())
        found["theirs"] = _apart(policy, reference)
    return found


def _apart(policy: str, reference: dict[str, np.ndarray]) -> float:
    """Return how far autograd's float32 is off its float64."""
    names = [name for name in reference if name.startswith(f"{policy}/") and not name.endswith("/float64")]
    return max(float(deviations(reference[name], reference[f"{name}/float64"]).max()) for name in names)


def _off(engine: Engine, policy: str, reference: dict[str, np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return per image the largest deviation of an output's map from the nearer of autograd's float32 and float64."""
    off = np.zeros(len(images))
    for number, output in enumerate(engine.model.outputs):
        places = reference["places"][number]
        parts = []
        for which, values, pullback in Run(engine).pullbacks(images, source=output.name, policy=policy):
            seeds = np.zeros_like(values)
            for row, image in enumerate(which):
                seeds[row].reshape(-1)[places[image]] = 1
            parts.append(pullback(seeds).numpy())
        maps = np.concatenate(parts)
        expected = f"{policy}/{number}"
        nearer = np.minimum(
            deviations(maps, reference[expected]), deviations(maps, reference[f"{expected}/float64"])
        )
        off = np.maximum(off, nearer)
    return off


if __name__ == "__main__":
    main()
