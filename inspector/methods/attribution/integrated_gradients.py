"""Integrated gradients (Sundararajan et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.methods.attribution.averages import mean_gradients, parts, require_count
from inspector.methods.attribution.projection import attribution_of, resolve_targets
from inspector.methods.card import Card
from inspector.methods.color import Baseline, baseline_image
from inspector.methods.emptiness import IMAGE_IS_BASELINE
from inspector.methods.perturbed import perturbed
from inspector.methods.registration import attribution_method
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


@attribution_method(
    "integrated_gradients",
    picture="signed",
    shares="difference",
    card=Card(
        formula="(x − x′) ⊙ ∫₀¹ ∂S/∂x(x′ + α(x − x′)) dα, by the midpoints of `steps` parts; Σ map = S(x) − "
        "S(x′), up to `completeness_gap`.",
        source="Sundararajan et al. 2017, §3, arXiv 1703.01365",
        shows="How the difference of the score from a baseline is shared out among the pixels, with their "
        "sign; the parts add up.",
        hides="All depends on the baseline: what looks like it gets nothing. Each pixel's share is noisy; read "
        "regions, and look at the gap.",
        cost="`steps` forward and backward passes (50: about 150 forward passes).",
    ),
)
def integrated_gradients(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    baseline: Baseline = "gray",
    steps: int = 50,
) -> Maps:
    """(x − x′) ⊙ ∫₀¹ ∂S/∂x(x′ + α(x − x′)) dα, by the midpoints of `steps` equal parts.

    The baseline x′ is an image of one color ("gray", "black", "white", or values in the model's input units), or an
    array like one image of the model's input.
    """
    require_count(run, steps, field="steps")
    images = x.values
    start = baseline_image(run.engine.model, images, baseline, field="baseline")
    chosen = resolve_targets(run, images, targets)
    resolved = [target.resolved for target in chosen]
    at_start = resolve_targets(run, start, chosen)
    maps: dict[int, Array] = {}
    for places, part in parts(chosen):
        number = resolved[places[0]].image
        way = images[number].astype(np.float32) - start[0].astype(np.float32)
        if not way.any():
            run.note(IMAGE_IS_BASELINE, f"Image {number} is the baseline itself: so the map is 0.")

        def on_the_way(numbers: range, way: Array = way) -> Array:
            alpha = (np.asarray(numbers, np.float32) + 0.5) / steps
            return perturbed(run, start + alpha.reshape(-1, *[1] * way.ndim) * way)

        means = mean_gradients(
            run, [chosen[place] for place in places], on_the_way, count=steps, image=way.shape, part=part
        )
        maps |= {place: way * mean for place, mean in zip(places, means, strict=True)}
    found = [maps[place] for place in range(len(chosen))]
    gaps = [
        float(values.sum(dtype=np.float64)) - (end.value - begin.resolved.value)
        for values, end, begin in zip(found, resolved, at_start, strict=True)
    ]
    return attribution_of(run, x, np.stack(found), resolved, completeness_gap=gaps)
