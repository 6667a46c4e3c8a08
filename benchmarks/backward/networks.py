"""Whole networks: forward and backward by the bare forward, with all patterns, without each, and without any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
import onnxruntime as ort

import inspector
from benchmarks.backward.patterns import PATTERNS, without
from benchmarks.backward.timing import Trip, lane, race, trip
from benchmarks.models import Model
from inspector.face.local import LocalBackend
from inspector.grad.backward import write_backward
from inspector.grad.policies.table import policy_named
from inspector.grad.writing.builder import Batch

SAME = 1e-5
ALL, NONE = "now", "before"

Parts = tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """Of one network: (saving forward + backward) ÷ bare forward, by what it was written without."""

    name: str
    bare: float
    """Milliseconds."""
    ratios: Mapping[str, float]
    """ALL, NONE, and by the pattern that is left out, where that changes the graph."""


def measured(model: Model, *, seconds: float) -> Ratios:
    """Measure one network; AssertionError where the results of two ways differ."""
    with inspector.load(model.path, device="cpu") as loaded:
        assert isinstance(loaded.backend, LocalBackend)
        engine = loaded.backend.engine
        shape = (1, 3, model.side, model.side)
        x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        source = engine.head.scores
        trips: dict[str, Trip] = {}
        seen: dict[Parts, str] = {}
        same: dict[str, str] = {}
        for label, names in {ALL: (), NONE: tuple(PATTERNS), **{name: (name,) for name in PATTERNS}}.items():
            with without(*names):
                written = write_backward(
                    engine.model.ir, source=source, target=engine.model.input.name, policy=policy_named("gradient"),
                    shapes=engine.plan(x.shape[1:]).shapes, dtypes=engine.model.dtypes, batch=Batch.ONE,
                )  # fmt: skip
            parts = _parts(written.model)
            same[label] = seen.setdefault(parts, label)
            if same[label] == label:
                trips[label] = trip(engine.model.ir, written, source, x, basic=engine.traits.has_qdq)
        bare = lane(
            model.path.read_bytes(),
            {engine.model.input.name: ort.OrtValue.ortvalue_from_numpy(x)},
            [],
            shared=False,
        )
    gradients = {label: one.gradient() for label, one in trips.items()}
    for label, gradient in gradients.items():
        apart = np.abs(gradient - gradients[ALL]).max() / np.abs(gradients[ALL]).max()
        if apart > SAME:
            raise AssertionError(f"{model.name}: {label} differs by {apart:.1e}.")
    lanes = {
        f"{label}/{end}": getattr(one, end) for label, one in trips.items() for end in ("forward", "backward")
    }
    times = race({"bare": bare, **lanes}, seconds=seconds)
    ratios = {
        label: (times[f"{label}/forward"] + times[f"{label}/backward"]) / times["bare"] for label in trips
    }
    told = {label: ratios[one] for label, one in same.items() if label in (ALL, NONE) or one != ALL}
    return Ratios(name=model.name, bare=times["bare"], ratios=told)


def _parts(model: ir.Model) -> Parts:
    """Return what tells two graphs apart: operators, and who reads whom."""
    return tuple(
        (node.op_type, *(value.name if value else None for value in node.inputs)) for node in model.graph
    )
