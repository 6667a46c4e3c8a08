"""Every way to run variants of an image on crops, against each variant run whole by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

import inspector
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.engine.sweeping.incremental import Incremental, Memory
from inspector.engine.sweeping.parts import PartSessions
from inspector.engine.sweeping.prepare import taken_apart
from inspector.engine.sweeping.variants import Variants
from tests.support.graphs import Exposed
from tests.support.in_process import engine_of


def loaded_engine(proto: onnx.ModelProto, **settings: object) -> Engine:
    """Return the engine of a model on the CPU."""
    return engine_of(inspector.load(proto.SerializeToString(), device="cpu", **settings))  # type: ignore[arg-type]


def parting_of(engine: Engine, tensors: Sequence[str]) -> PartSessions:
    """Return a model of a fixed size, taken apart."""
    return taken_apart(engine, tuple(engine.model.input.image_shape), tensors)  # type: ignore[arg-type]


def random_variants(
    image: np.ndarray, axes: tuple[int, ...], rng: np.random.Generator, *, count: int = 9
) -> Variants:
    """Return variants in boxes of random sizes at random places, at the corners first."""
    boxes = np.zeros((count, len(axes), 2), np.int64)
    for number in range(count):
        for at, axis in enumerate(axes):
            size = int(rng.integers(1, max(2, image.shape[axis] // 2)))
            start = int(rng.integers(0, image.shape[axis] - size + 1))
            if number < 4:
                start = 0 if number >> at & 1 else image.shape[axis] - size
            boxes[number, at] = start, start + size
    return Variants(
        image=image,
        axes=axes,
        boxes=boxes,
        patch=lambda number: np.full((), [-2.0, 0.5, 3.0][number % 3]).astype(image.dtype),
    )


def whole(proto: onnx.ModelProto, variants: Variants, tensors: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the tensors of all variants, each run by itself."""
    session = Exposed(proto, tensors)
    rows = [session.run(variants.image_of(number).copy()) for number in range(len(variants))]
    return {name: np.concatenate([row[name] for row in rows]) for name in tensors}


def on_crops(
    engine: Engine,
    sessions: PartSessions,
    variants: Variants,
    tensors: Sequence[str],
    *,
    stages: int,
    count: int,
) -> dict[str, np.ndarray]:
    """Return the tensors of all variants with so many stages on crops."""
    incremental = Incremental(
        engine,
        sessions.parting.routes.after(stages, variants.boxes),
        variants,
        sessions,
        tensors=tensors,
        count=count,
        cancellation=Run(engine).control.cancellation,
    )
    memory = Memory()
    parts = []
    for start in range(0, len(variants), count):
        numbers = range(start, min(start + count, len(variants)))
        parts.append(incremental(numbers, variants.some(numbers), memory))
    return {name: np.concatenate([part[name] for part in parts]) for name in tensors}


def assert_all_ways_agree(
    proto: onnx.ModelProto,
    engine: Engine,
    variants: Variants,
    tensors: Sequence[str],
    *,
    tolerance: float = 1e-5,
    at_most: int | None = None,
) -> int:
    """Compare every number of stages, from none on, and return how many there are."""
    expected = whole(proto, variants, tensors)
    sessions = parting_of(engine, tensors)
    count = len(sessions.parting.stages)
    for stages in range(count + 1)[: (at_most or count) + 1]:
        found = on_crops(engine, sessions, variants, tensors, stages=stages, count=5)
        for name in tensors:
            np.testing.assert_allclose(
                found[name],
                expected[name],
                rtol=0,
                atol=tolerance * max(1e-30, float(np.abs(expected[name]).max())),
                err_msg=f"{name} after {stages} of {count} stages",
            )
    return count
