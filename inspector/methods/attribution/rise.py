"""RISE: randomized input sampling for explanation (Petsiuk et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.attribution.averages import Part, chunks
from inspector.methods.attribution.masks import random_masks
from inspector.methods.attribution.projection import attribution_of, resolve_targets
from inspector.methods.color import Baseline, baseline_image
from inspector.methods.planes import as_maps, image_size
from inspector.methods.registration import attribution_method
from inspector.resolve.probabilities import answers, tensors_for
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target

_UNSEEN = 1e-6
"""Less than this was shown of a pixel: then nothing is known of it, and its value is 0."""


@attribution_method("rise", picture="heat")
def rise(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    masks: int = 2000,
    cells: int = 7,
    keep: float = 0.5,
    baseline: Baseline = "gray",
    seed: int = 0,
) -> Maps:
    """S = Σ_i f(x ⊙ M_i + x′ ⊙ (1 − M_i)) · M_i / Σ_i M_i, with f the class's probability or another target's value.

    Forward runs only. It estimates the paper's E[f | M = 1]; dividing by what the masks really showed of a pixel,
    instead of its expectation N · keep, takes out the unevenness of few masks. Each of the `masks` is a smoothed grid
    of `cells` × `cells`, of which the share `keep` shows the image and the rest the baseline x′. Maps have one channel.
    """
    engine, images = run.engine, x.values
    _check(masks=masks, cells=cells, keep=keep, seed=seed, size=image_size(engine, images))
    plain = baseline_image(engine.model, images, baseline, field="baseline")
    chosen = resolve_targets(run, images, targets)
    planes = []
    resolved = [target.resolved for target in chosen]
    for number, target in enumerate(chosen):
        image = images[target.resolved.image]
        generator = run.generator(seed)
        total, seen = (np.zeros(image_size(engine, images), np.float64) for _ in range(2))
        part = Part(number, len(resolved))
        for numbers in chunks(engine, masks, image.shape):
            drawn = random_masks(len(numbers), size=total.shape, cells=cells, keep=keep, generator=generator)
            shown = as_maps(engine, drawn)
            masked = (shown * image + (1 - shown) * plain).astype(images.dtype)
            found = run.forward(masked, tensors_for(engine, target))
            total += np.tensordot(answers(engine, target, found, masked), drawn, axes=1)
            seen += drawn.sum(axis=0)
            part.tell(run, numbers.stop, masks)
        planes.append((total / np.maximum(seen, _UNSEEN)).astype(np.float32))
    return attribution_of(run, x, as_maps(engine, np.stack(planes)), resolved)


def _check(*, masks: int, cells: int, keep: float, seed: int, size: tuple[int, int]) -> None:
    if masks < 1:
        raise InvalidInputError(f"masks is {masks}; it must be at least 1.", field="masks")
    if not 1 <= cells <= min(size):
        raise InvalidInputError(
            f"cells is {cells}; allowed is 1 to {min(size)}, the image's shorter side.", field="cells"
        )
    if not 0 < keep <= 1:
        raise InvalidInputError(f"keep is {keep}; it must be above 0 and at most 1.", field="keep")
    if seed < 0:
        raise InvalidInputError(f"seed is {seed}; it must be 0 or more.", field="seed")
