"""Top examples over an image set, beside the bare forward pass: images per second, in turn, in one run.

`python -m benchmarks.top MODEL FOLDER [--layer NAME]` from the repository's root, in the project's environment. The
bare pass is ONNX Runtime alone, over the same prepared images in the same batches; the set is the folder's photographs,
prepared once and repeated. Prints a table in markdown.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

import inspector
from inspector.face.local import LocalBackend
from inspector.model.preprocessing.prepare import prepare


def main() -> None:
    """Measure, and print images per second and their ratio to the bare pass."""
    options = _options()
    model = inspector.load(options.model, device="cpu", preprocessing=options.preprocessing)
    backend = model.backend
    assert isinstance(backend, LocalBackend)
    files = sorted(path for path in options.folder.iterdir() if path.suffix in (".jpg", ".jpeg"))
    few = np.concatenate([_prepared(model, path) for path in files])
    x = np.ascontiguousarray(np.resize(few, (options.images, *few.shape[1:])))
    photographs = list(itertools.islice(itertools.cycle(files), options.images))
    size = backend.engine.batch_size(x, [])
    session = onnxruntime.InferenceSession(options.model)
    name = session.get_inputs()[0].name

    def bare() -> None:
        for start in range(0, len(x), size):
            session.run(None, {name: x[start : start + size]})

    layer = options.layer
    ways: dict[str, Callable[[], object]] = {
        "bare forward pass": bare,
        "top, prepared, no projections": lambda: model.top(x, layer=layer, projections=False),
        "top, prepared": lambda: model.top(x, layer=layer),
        "top, JPEG files": lambda: model.top(photographs, layer=layer),
        "decoding the JPEG files alone": lambda: [_prepared(model, path) for path in photographs],
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(options.turns + 1):
        for way, act in ways.items():
            started = time.perf_counter()
            act()
            if turn:  # the first is to warm up
                seconds[way].append(time.perf_counter() - started)
    print(
        f"{Path(options.model).stem}, layer {layer or 'by default'}, {len(x)} images in batches of {size}\n"
    )
    print("| | images/s | of the bare pass |\n| --- | ---: | ---: |")
    for way, measured in seconds.items():
        ratio = statistics.median(
            base / one for base, one in zip(seconds["bare forward pass"], measured, strict=True)
        )
        print(f"| {way} | {len(x) / statistics.median(measured):.1f} | {ratio:.0%} |")


def _prepared(model: inspector.Model, path: Path) -> np.ndarray:
    backend = model.backend
    assert isinstance(backend, LocalBackend)
    return prepare(backend.engine.model, path).values


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("folder", type=Path, help="of photographs")
    parser.add_argument("--layer", help="default: the last with maps")
    parser.add_argument("--preprocessing", help="a preset, where the file says nothing")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
