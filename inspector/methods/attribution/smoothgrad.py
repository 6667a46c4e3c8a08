"""SmoothGrad (Smilkov et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.attribution.averages import mean_gradients, parts, require_count
from inspector.methods.attribution.projection import attribution_of, resolve_targets
from inspector.methods.card import Card
from inspector.methods.perturbed import perturbed
from inspector.methods.registration import attribution_method
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


@attribution_method(
    "smoothgrad",
    picture="saliency",
    card=Card(
        formula="mean over `samples` of ∂S/∂x at x + N(0, σ²), σ = noise · (max x − min x).",
        source="Smilkov et al. 2017, arXiv 1706.03825",
        shows="The same as saliency, with less noise: what the score reacts to near the image, not only on it.",
        hides="The noise is as large as what is looked for may be: fine detail is lost. It is an average of "
        "gradients, with the same blind spot for saturation.",
        cost="`samples` forward and backward passes (25: about 75 forward passes).",
    ),
)
def smoothgrad(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    samples: int = 25,
    noise: float = 0.15,
    seed: int = 0,
) -> Maps:
    """Mean of ∂S/∂x at x + N(0, σ²) over `samples`; σ is `noise` times the image's range, max x − min x.

    The target is chosen on the image without noise; every image gets the same noise.
    """
    require_count(run, samples, field="samples")
    if not 0 <= noise < np.inf:
        raise InvalidInputError(f"noise is {noise}; it must be 0 or more.", field="noise")
    if seed < 0:
        raise InvalidInputError(f"seed is {seed}; it must be 0 or more.", field="seed")
    chosen = resolve_targets(run, x.values, targets)
    resolved = [target.resolved for target in chosen]
    maps: dict[int, Array] = {}
    for places, part in parts(chosen):
        image = x.values[resolved[places[0]].image]
        sigma = noise * float(np.ptp(image.astype(np.float32)))
        if sigma > np.finfo(np.float32).max:
            raise InvalidInputError(
                f"noise is {noise:g}; times the image's range, it is more than can be added.", field="noise"
            )
        generator = run.generator(seed)

        def noisy(
            numbers: range,
            image: Array = image,
            sigma: float = sigma,
            generator: np.random.Generator = generator,
        ) -> Array:
            drawn = generator.standard_normal((len(numbers), *image.shape), np.float32)
            drawn *= np.float32(sigma)  # in place: a copy takes a hundredth of a small model's run
            return perturbed(run, np.add(image, drawn, out=drawn if image.dtype == np.float32 else None))

        means = mean_gradients(
            run, [chosen[place] for place in places], noisy, count=samples, image=image.shape, part=part
        )
        maps |= zip(places, means, strict=True)
    return attribution_of(run, x, np.stack([maps[place] for place in range(len(chosen))]), resolved)
