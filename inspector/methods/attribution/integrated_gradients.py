"""Integrated gradients (Sundararajan et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.methods.attribution.averages import mean_gradient, told
from inspector.methods.attribution.projection import (
    Progress,
    attribution_method,
    attribution_of,
    choose_targets,
)
from inspector.methods.color import Baseline, baseline_image
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


@attribution_method("integrated_gradients")
def integrated_gradients(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    baseline: Baseline = "gray",
    steps: int = 50,
    progress: Progress | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """(x − x′) ⊙ ∫₀¹ ∂S/∂x(x′ + α(x − x′)) dα, by the midpoints of `steps` equal parts.

    The baseline x′ is an image of one color ("gray", "black", "white", or values in the model's input units), or an
    array like one image of the model's input.
    """
    if steps < 1:
        raise InvalidInputError(f"steps is {steps}; it must be at least 1.", field="options.steps")
    start = baseline_image(engine.model, x, baseline, field="options.baseline")
    chosen = choose_targets(engine, x, targets, cancellation=cancellation)
    resolved = [target.resolved for target in chosen]
    at_start = choose_targets(engine, start, chosen, cancellation=cancellation)
    maps = []
    for part, target in enumerate(chosen):
        way = x[target.resolved.image].astype(np.float32) - start[0].astype(np.float32)

        def on_the_way(numbers: range, way: Array = way) -> Array:
            alpha = (np.asarray(numbers, np.float32) + 0.5) / steps
            return (start + alpha.reshape(-1, *[1] * way.ndim) * way).astype(x.dtype)

        mean = mean_gradient(
            engine,
            target,
            on_the_way,
            count=steps,
            image=way.shape,
            progress=told(progress, part=part, parts=len(resolved)),
            cancellation=cancellation,
        )
        maps.append(way * mean)
    gaps = [
        float(values.sum(dtype=np.float64)) - (end.value - begin.resolved.value)
        for values, end, begin in zip(maps, resolved, at_start, strict=True)
    ]
    return attribution_of(
        engine, x, np.stack(maps), resolved, method="integrated_gradients", completeness_gap=gaps
    )
