"""Methods that run a model many times, beside the bare forward pass and one saliency: time of one thread, in one run.

`python -m benchmarks.repeats MODEL…` from the repository's root, in the project's environment. Contenders go in turn,
and of each the least time of the process is taken, which a busy machine disturbs least. Prints tables in markdown.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ["INSPECTOR_THREADS"] = "1"

import numpy as np

import inspector
from benchmarks.bare import bare_session
from benchmarks.turns import least
from inspector.face.local import LocalBackend

_TARGETS = 5
"""Of an image that has several."""


def main() -> None:
    """Measure every model, and print milliseconds and ratios."""
    options = _options()
    for path in options.models:
        _print(path, _measured(path, turns=options.turns, steps=options.steps), steps=options.steps)
        if options.batches:
            _print_batches(path, turns=options.turns)


def _measured(path: Path, *, turns: int, steps: int) -> dict[str, float]:
    with inspector.load(path, device="cpu") as model:
        x = _image(model)
        session = bare_session(path, threads=1)
        name = session.get_inputs()[0].name
        maps = model.attribute(x, method="gradcam", target=list(range(40))).maps
        # A map that is 0 everywhere is looked into, which is another question.
        several = [index for index in range(40) if maps[index].max() > 0][:_TARGETS]
        one = several[0]

        def method(name: str, target: Any = one, **options: Any) -> Callable[[], object]:
            return lambda: model.attribute(x, method=name, target=target, **options)

        return least(
            {
                "forward": lambda: session.run(None, {name: x}),
                "saliency": method("saliency"),
                "integrated gradients": method("integrated_gradients", steps=steps),
                "integrated gradients, 3 targets": method("integrated_gradients", several[:3], steps=steps),
                "SmoothGrad": method("smoothgrad", samples=steps),
                "Grad-CAM": method("gradcam"),
                f"Grad-CAM, {_TARGETS} targets": method("gradcam", several),
                "guided": method("guided"),
                "guided Grad-CAM": method("guided_gradcam"),
            },
            turns=1 + turns,  # the first is to warm up
        )


def _print(path: Path, found: Mapping[str, float], *, steps: int) -> None:
    print(f"\n{path.stem}, {steps} samples\n")
    print("| | ms | ÷ forward | ÷ (samples × saliency) |\n| --- | ---: | ---: | ---: |")
    for name, seconds in found.items():
        is_repeated = name.startswith(("integrated", "Smooth"))
        share = f"{seconds / steps / found['saliency']:.3f}" if is_repeated else ""
        print(f"| {name} | {seconds * 1e3:.1f} | {seconds / found['forward']:.2f} | {share} |", flush=True)


def _print_batches(path: Path, *, turns: int) -> None:
    """Print what an image costs there and back, by how many there are in a run."""
    with inspector.load(path, device="cpu") as model:
        backend = model.backend
        assert isinstance(backend, LocalBackend)
        engine, x = backend.engine, _image(model)
        largest, usual = engine.largest_batch(x.shape[1:]), engine.usual_batch(x.shape[1:])
        sizes = sorted({size for size in (1, 2, 3, 4, 6, 8, 12, 16, 24, usual, largest) if size <= largest})
        engine.usual_batch = engine.largest_batch  # type: ignore[method-assign]
        many = np.repeat(x, largest, axis=0)

        def saliency(size: int) -> Callable[[], object]:
            return lambda: model.attribute(many[:size], method="saliency", target=0)

        found = least({str(size): saliency(size) for size in sizes}, turns=1 + turns)
        print(
            f"\n{path.stem}: saliency by images in a run, ms an image (usual: {usual}, largest: {largest})\n"
        )
        print("| " + " | ".join(found) + " |\n|" + " ---: |" * len(found))
        print(
            "| " + " | ".join(f"{seconds * 1e3 / int(size):.1f}" for size, seconds in found.items()) + " |",
            flush=True,
        )


def _image(model: inspector.Model) -> np.ndarray:
    size = [size if isinstance(size, int) else 224 for size in model.info.input.shape[1:]]
    return np.random.default_rng(0).standard_normal((1, *size)).astype(np.float32)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batches", action="store_true", help="also by the number of images in a run")
    return parser.parse_args()


if __name__ == "__main__":
    main()
