"""The same answers and gradients on another device as on the CPU, to a stated tolerance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.pullback import pullbacks
from inspector.types.arrays import Array

ANSWERS = {"float32": 1e-4, "float16": 5e-3}
"""How far an answer may be off, of the largest magnitude, by the type of the model's input: sums in another order."""
PROBABILITY = 3e-7
"""How far an answer between 0 and 1 may be off, however small all of them are: ONNX Runtime's Sigmoid on the CPU adds a
half to a rational function, and is right to 1.4e-7, which is all of a probability that is small."""
GRADIENTS = {"float32": 5e-2, "float16": 2e-1}
"""How long the difference of two gradients may be, of the CPU's length: a value beside zero, or two that nearly tie in
a pooling, decide a whole patch. What was measured without a fault is below 3e-2 (docs/benchmarks/gpu.md)."""
ROUNDED = 0.25
"""How long the difference of two answers of a quantized model may be, of the CPU's length: sums in another order move
values to the next code, and those others, up to 0.16 (docs/decisions/0072-quantized-levels.md). Where that happens
gradients belong to other codes, and are not compared."""


def disagreements(ours: Engine, theirs: Engine, x: Array) -> list[str]:
    """Return a sentence for every output and every gradient on (N, …) images that is another on the second device."""
    found = list(_answers(ours, theirs, x, rounded=False))
    if found and ours.traits.has_qdq:
        return list(_answers(ours, theirs, x, rounded=True))
    return [*found, *_gradients(ours, theirs, x)]


def _answers(ours: Engine, theirs: Engine, x: Array, *, rounded: bool) -> Iterator[str]:
    names = [output.name for output in ours.model.outputs]
    for images, chunk in ours.batches(x, names):
        expected, found = (
            {name: tensor.numpy() for name, tensor in engine.fetch(chunk, names, is_exact=True).items()}
            for engine in (ours, theirs)
        )
        for name in names:
            compare = _long if rounded else _apart
            text = compare(expected[name], found[name], ROUNDED if rounded else _kind(ours, ANSWERS))
            if text is not None:
                yield f"output {name!r} on images {images.start}–{images.stop - 1}: {text}"


def _apart(expected: Array, found: Array, tolerance: float) -> str | None:
    if expected.shape != found.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    if expected.dtype.kind != "f":
        off = np.mean(expected != found) if expected.size else 0
        return f"{off:.2%} of the values differ" if off else None
    wanted, given = expected.astype(np.float64), found.astype(np.float64)
    if not np.array_equal(np.isfinite(wanted), np.isfinite(given)):
        return "finite at other places"
    wanted, given = (np.nan_to_num(one, posinf=0, neginf=0) for one in (wanted, given))
    if wanted.size == 0:
        return None
    off, bound = float(np.abs(given - wanted).max()), tolerance * float(np.abs(wanted).max())
    if 0 <= wanted.min() <= wanted.max() <= 1:
        bound = max(bound, PROBABILITY)
    return f"off by {off:.3g}, allowed {bound:.3g}" if off > bound else None


def _long(expected: Array, found: Array, tolerance: float) -> str | None:
    if expected.shape != found.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    off, length = (float(np.linalg.norm(one)) for one in (found.astype(np.float64) - expected, expected))
    return None if off <= tolerance * length else f"off by {off:.3g}, allowed {tolerance * length:.3g}"


def _gradients(ours: Engine, theirs: Engine, x: Array) -> Iterator[str]:
    tensor = ours.head.scores
    ways = [
        pullbacks(engine, x, source=tensor, toward=engine.model.input.name, policy="gradient", overrides={})
        for engine in (ours, theirs)
    ]
    for (images, values, pull), (_, _, other) in zip(*ways, strict=True):
        seeds = np.zeros(values.shape, np.float32)
        flat = seeds.reshape(len(seeds), -1)
        flat[np.arange(len(flat)), np.argmax(values.reshape(len(values), -1), axis=1)] = 1
        for image, wanted, given in zip(images, pull(seeds).numpy(), other(seeds).numpy(), strict=True):
            length = float(np.linalg.norm(wanted.astype(np.float64)))
            off = float(np.linalg.norm(given.astype(np.float64) - wanted))
            bound = _kind(ours, GRADIENTS) * length
            if not np.isfinite(off) or off > bound:
                yield f"gradient of {tensor!r} on image {image}: off by {off:.3g}, allowed {bound:.3g}"


def _kind(engine: Engine, tolerances: dict[str, float]) -> float:
    return tolerances["float16" if engine.model.input.dtype == "float16" else "float32"]
