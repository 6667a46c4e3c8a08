"""SmoothGrad (Smilkov et al. 2017)."""

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
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


@attribution_method("smoothgrad")
def smoothgrad(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    samples: int = 25,
    noise: float = 0.15,
    seed: int = 0,
    progress: Progress | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """Mean of ∂S/∂x at x + N(0, σ²) over `samples`; σ is `noise` times the image's range, max x − min x.

    The target is chosen on the image without noise; every image gets the same noise.
    """
    if samples < 1:
        raise InvalidInputError(f"samples is {samples}; it must be at least 1.", field="options.samples")
    if not 0 <= noise < np.inf:
        raise InvalidInputError(f"noise is {noise}; it must be 0 or more.", field="options.noise")
    if seed < 0:
        raise InvalidInputError(f"seed is {seed}; it must be 0 or more.", field="options.seed")
    chosen = choose_targets(engine, x, targets, cancellation=cancellation)
    maps = []
    resolved = [target.resolved for target in chosen]
    for part, target in enumerate(chosen):
        image = x[target.resolved.image]
        sigma = noise * float(np.ptp(image.astype(np.float32)))
        generator = np.random.default_rng(seed)

        def noisy(
            numbers: range,
            image: Array = image,
            sigma: float = sigma,
            generator: np.random.Generator = generator,
        ) -> Array:
            drawn = generator.standard_normal((len(numbers), *image.shape), np.float32)
            made: Array = (image + sigma * drawn).astype(image.dtype)
            return made

        mean = mean_gradient(
            engine,
            target,
            noisy,
            count=samples,
            image=image.shape,
            progress=told(progress, part=part, parts=len(resolved)),
            cancellation=cancellation,
        )
        maps.append(mean)
    return attribution_of(engine, x, np.stack(maps), resolved, method="smoothgrad")
