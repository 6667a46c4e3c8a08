"""Our gradients against those of onnx-ad: `python -m benchmarks.gradients --peer-python PATH`, from the root.

A second oracle that needs no framework: onnx-ad rewrites an ONNX model into its adjoint, as this package does, and
shares no code with it. Models and photographs are those of a zoo (INSPECTOR_ZOO, or shared/zoo beside the repository).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import inspector
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.face.local import LocalBackend
from inspector.methods.choosing import choose
from inspector.model.preprocessing.prepare import prepare
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array
from inspector.types.targets import Class

ROOT = Path(__file__).resolve().parents[1]
CONTENDER = ROOT / "benchmarks" / "contender_onnx_ad.py"
REPEATS = 7
AGREES = 1e-3
STEP = 1e-4
"""Of the image's range: the largest change of a value for the central difference."""
SIDE = 128
"""Of images where a model leaves their size free."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One model."""

    name: str
    difference: float | None
    """The largest difference, as a share of the largest magnitude; None where the peer could not."""
    milliseconds: float
    peer: dict[str, Any]
    verdict: str = ""
    """Where they differ, what a central difference says."""


def compare(path: Path, photograph: Path, *, peer: Path) -> Compared:
    """Compare the gradients of the most probable class of one photograph."""
    model = inspector.load(path, device="cpu")
    sizes = {"resize": {"mode": "exact"}, "crop": {"height": SIDE, "width": SIDE}}
    if any(not isinstance(size, int) for size in model.info.input.space):
        model = inspector.load(path, device="cpu", preprocessing=sizes)
    assert isinstance(model.backend, LocalBackend)
    engine = model.backend.engine
    x = prepare(engine.model, photograph).values
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = model.attribute(x)
        times.append(time.perf_counter() - start)
    chosen, ours = choose(Run(engine), x, Class()), found.maps
    tensor = chosen.resolved.tensor
    values = engine.fetch(x, [tensor])[tensor].numpy()
    seed = np.zeros(values.size, values.dtype)
    seed[chosen.places] = chosen.weights
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "x.npy", x)
        np.save(folder / "seed.npy", seed.reshape(values.shape))
        about = {"scores": tensor, "image": engine.model.input.name}
        (folder / "about.json").write_text(json.dumps(about))
        told = subprocess.run([peer, CONTENDER, path, folder], capture_output=True, text=True, check=False)
        last = told.stdout.strip().splitlines()[-1:] or [json.dumps({"error": told.stderr.strip()[-200:]})]
        result = json.loads(last[0])
        difference, verdict = None, ""
        if "error" not in result:
            theirs = np.load(folder / "gradient.npy")
            difference = float(np.abs(theirs - ours).max() / np.abs(ours).max())
            if difference > AGREES:
                verdict = _verdict(engine, x, chosen, ours, theirs)
    return Compared(
        name=path.stem,
        difference=difference,
        milliseconds=1000 * float(np.median(times)),
        peer=result,
        verdict=verdict,
    )


def _verdict(engine: Engine, x: Array, chosen: Chosen, ours: Array, theirs: Array) -> str:
    """Return how far both are from the slope along the direction in which they differ, in float32."""
    if any("Quantize" in node.op_type or "QLinear" in node.op_type for node in engine.model.ir.graph):
        return "through codes of quantized values ours is the straight-through gradient, theirs that of the steps"
    apart = (theirs - ours).astype(np.float64)
    step = STEP * float(np.ptp(x)) / float(np.abs(apart).max())
    ends = np.concatenate([x + step * apart, x - step * apart]).astype(x.dtype)
    tensor = chosen.resolved.tensor
    scores = [chosen.scores(Run(engine).forward(one[None], [tensor])[tensor])[0] for one in ends]
    slope = (scores[0] - scores[1]) / (2 * step)
    gap = abs(float((apart * apart).sum()))
    off = [abs(float((one * apart).sum()) - slope) / gap for one in (ours, theirs)]
    return f"a central difference is {off[0]:.2f} of the gap from ours, {off[1]:.2f} from theirs"


def main() -> None:
    """Print a row per model, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peer-python", type=Path, required=True)
    parser.add_argument("--models", default="", help="names of the zoo's models; all where none is given")
    options = parser.parse_args()
    zoo = Path(os.environ.get("INSPECTOR_ZOO", ROOT.parent / "shared" / "zoo"))
    names = [name for name in options.models.split(",") if name]
    paths = [zoo / "models" / f"{name}.onnx" for name in names] or sorted((zoo / "models").glob("*.onnx"))
    print("| model | largest difference | ours, ms | onnx-ad, ms | onnx-ad, to make, s | |")
    print("|---|---:|---:|---:|---:|---|")
    for path in paths:
        gray = path.stem.startswith("mnist") or "fashion" in path.stem
        one = compare(
            path, zoo / "images" / ("mnist_3.png" if gray else "dog_winml.jpg"), peer=options.peer_python
        )
        if one.difference is None:
            shown = " ".join(str(one.peer["error"]).split())[:120].replace("|", "\\|")
            print(f"| {one.name} | | {one.milliseconds:.1f} | | | {shown} |", flush=True)
            continue
        cells = f"{one.difference:.1e} | {one.milliseconds:.1f} | {one.peer['milliseconds']:.1f}"
        print(f"| {one.name} | {cells} | {one.peer['seconds_to_make']:.1f} | {one.verdict} |", flush=True)


if __name__ == "__main__":
    main()
