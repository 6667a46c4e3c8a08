"""One device against the CPU: what models answer there, and how fast.

python -m benchmarks.devices MODEL.onnx … --photograph FILE [--device cuda] [--seconds 0.5]

Differences are the largest by the largest value on the CPU, with the correlation of maps. Times are of calls from array
to array, in ms: the median, and in brackets the first call of its size.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import inspector
from inspector.errors import InspectorError
from inspector.face.local import LocalBackend
from inspector.model.preprocessing.prepare import prepare
from inspector.types.arrays import Array

METHODS = {
    "saliency": {}, "deconvnet": {}, "guided": {}, "gradcam": {}, "lrp": {}, "smoothgrad": {"samples": 6},
    "integrated_gradients": {"steps": 8}, "rise": {"masks": 64},
}  # fmt: skip
BATCHES = (1, 3, 32)
TARGET = inspector.Class(0)


def apart(found: Array, expected: Array) -> str:
    """Say how far values are from those expected."""
    if found.shape != expected.shape:
        return f"{found.shape} for {expected.shape}"
    largest = float(np.abs(expected).max(initial=0)) or 1.0
    text = f"{np.abs(found.astype(np.float64) - expected).max(initial=0) / largest:.1e}"
    with np.errstate(invalid="ignore"):
        alike = np.corrcoef(found.ravel(), expected.ravel())[0, 1] if expected.ndim > 2 else 1.0
    return text if not alike < 0.99995 else f"{text} ({alike:.4f})"


def compare(model: inspector.Model, host: inspector.Model, x: Array) -> Iterator[tuple[str, str]]:
    """Yield what was compared, and how far it is apart."""
    layers = [layer.name for layer in host.layers()]
    ours, theirs = (each.activations(x[:1], layers=layers) for each in (model, host))
    worst = max(layers, key=lambda name: _distance(ours[name], theirs[name]))
    yield f"layers, the worst {worst}", apart(ours[worst], theirs[worst])
    yield "features", told(lambda each: np.asarray(each.features(x)), model, host)
    for method, options in METHODS.items():
        yield (
            method,
            told(
                lambda each, method=method, options=options: (  # type: ignore[misc]
                    each.attribute(x, method=method, target=TARGET, **options).maps
                ),
                model,
                host,
            ),
        )
    yield "occlusion", told(lambda each: each.occlude(x[:1], target=TARGET).probability, model, host)


def told(ask: Callable[[inspector.Model], Array], model: inspector.Model, host: inspector.Model) -> str:
    """Return how far answers are apart, or why there is none."""
    try:
        return apart(ask(model), ask(host))
    except InspectorError as error:
        return f"{type(error).__name__} {error.reason}"


def _distance(found: Array, expected: Array) -> float:
    if found.shape != expected.shape:
        return np.inf
    return float(np.abs(found - expected).max(initial=0) / (np.abs(expected).max(initial=0) or 1.0))


def times(model: inspector.Model, x: Array, *, seconds: float) -> Iterator[tuple[str, str]]:
    """Yield what was timed, and its times: batches of several sizes in turn, as callers send them."""
    asks: dict[str, Callable[[Array], object]] = {"prediction": model.predict}
    for method in ("saliency", "deconvnet"):
        asks[method] = lambda x, method=method: model.attribute(x, method=method, target=TARGET)  # type: ignore[misc]
    for name, ask in asks.items():
        given = [np.repeat(x[:1], count, axis=0) for count in BATCHES]
        first = [_timed(ask, one) for one in given]
        until, found = time.perf_counter() + seconds, [[_timed(ask, one)] for one in given]
        while time.perf_counter() < until:
            for one, list_of in zip(given, found, strict=True):
                list_of.append(_timed(ask, one))
        for count, early, later in zip(BATCHES, first, found, strict=True):
            yield f"{name} of {count}", f"{statistics.median(later):.1f} ({early:.0f})"
    early = _timed(lambda x: model.occlude(x, target=TARGET), x[:1])
    yield "occlusion", f"{_timed(lambda x: model.occlude(x, target=TARGET), x[:1]):.0f} ({early:.0f})"


def _timed(ask: Callable[[Array], object], x: Array) -> float:
    start = time.perf_counter()
    ask(x)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Compare and measure each model, and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--photograph", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=0.5)
    asked = parser.parse_args()
    for path in asked.models:
        with inspector.load(path, device="cpu") as host, inspector.load(path, device=asked.device) as model:
            assert isinstance(host.backend, LocalBackend)
            x = prepare(host.backend.engine.model, [asked.photograph, asked.photograph]).values
            print(f"\n{path.stem} on {model.info.device}\n\n| | |\n| --- | ---: |")
            for name, text in (*compare(model, host, x), *times(model, x, seconds=asked.seconds)):
                print(f"| {name} | {text} |", flush=True)


if __name__ == "__main__":
    main()
