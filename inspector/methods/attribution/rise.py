"""RISE: randomized input sampling for explanation (Petsiuk et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.methods.attribution.averages import chunks, told
from inspector.methods.attribution.masks import random_masks
from inspector.methods.attribution.projection import (
    Progress,
    attribution_method,
    attribution_of,
    choose_targets,
)
from inspector.methods.color import Baseline, baseline_image
from inspector.methods.planes import as_maps, image_size
from inspector.resolve.probabilities import answers, tensors_for
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target

_UNSEEN = 1e-6
"""Less than this was shown of a pixel: then nothing is known of it, and its value is 0."""


@attribution_method("rise")
def rise(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    masks: int = 2000,
    cells: int = 7,
    keep: float = 0.5,
    baseline: Baseline = "gray",
    seed: int = 0,
    progress: Progress | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """S = Σ_i f(x ⊙ M_i + x′ ⊙ (1 − M_i)) · M_i / Σ_i M_i, with f the class's probability or another target's value.

    Forward runs only. It estimates the paper's E[f | M = 1]; dividing by what the masks really showed of a pixel,
    instead of its expectation N · keep, takes out the unevenness of few masks. Each of the `masks` is a smoothed grid
    of `cells` × `cells`, of which the share `keep` shows the image and the rest the baseline x′. Maps have one channel.
    """
    _check(masks=masks, cells=cells, keep=keep, seed=seed, size=image_size(engine, x))
    plain = baseline_image(engine.model, x, baseline, field="options.baseline")
    chosen = choose_targets(engine, x, targets, cancellation=cancellation)
    planes = []
    resolved = [target.resolved for target in chosen]
    for part, target in enumerate(chosen):
        image = x[target.resolved.image]
        generator = np.random.default_rng(seed)
        total, seen = (np.zeros(image_size(engine, x), np.float64) for _ in range(2))
        tell = told(progress, part=part, parts=len(resolved))
        for numbers in chunks(engine, masks, image.shape):
            drawn = random_masks(len(numbers), size=total.shape, cells=cells, keep=keep, generator=generator)
            shown = as_maps(engine, drawn)
            masked = (shown * image + (1 - shown) * plain).astype(x.dtype)
            found = engine.run(masked, tensors_for(engine, target), cancellation=cancellation)
            total += np.tensordot(answers(engine, target, found), drawn, axes=1)
            seen += drawn.sum(axis=0)
            tell(numbers.stop, masks)
        planes.append((total / np.maximum(seen, _UNSEEN)).astype(np.float32))
    return attribution_of(engine, x, as_maps(engine, np.stack(planes)), resolved, method="rise")


def _check(*, masks: int, cells: int, keep: float, seed: int, size: tuple[int, int]) -> None:
    if masks < 1:
        raise InvalidInputError(f"masks is {masks}; it must be at least 1.", field="options.masks")
    if not 1 <= cells <= min(size):
        raise InvalidInputError(
            f"cells is {cells}; allowed is 1 to {min(size)}, the image's shorter side.", field="options.cells"
        )
    if not 0 < keep <= 1:
        raise InvalidInputError(f"keep is {keep}; it must be above 0 and at most 1.", field="options.keep")
    if seed < 0:
        raise InvalidInputError(f"seed is {seed}; it must be 0 or more.", field="options.seed")
