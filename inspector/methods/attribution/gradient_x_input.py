"""Gradient × input (Shrikumar et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.methods.attribution.projection import attribution_of, project
from inspector.methods.card import Card
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


@attribution_method(
    "gradient_x_input",
    picture="signed",
    shares="value",
    card=Card(
        formula="x ⊙ ∂S/∂x, with x in the model's input units; drawn as the signed sum over channels.",
        source="Shrikumar et al. 2016, arXiv 1605.01713",
        shows="What each pixel adds to the score in a linear network: its first-order share, with its sign.",
        hides="What is 0 in the input's units (black, or the mean) gets 0 whatever it means, so it depends on "
        "the preprocessing. Saturation is missed as by saliency.",
        cost="1 forward and 1 backward pass (about 3 forward passes).",
    ),
)
def gradient_x_input(run: Run, x: Prepared, targets: Sequence[Target]) -> Maps:
    """x ⊙ ∂S/∂x, with x in the model's input units."""
    found = project(run, x.values, targets, policy="gradient")
    images = x.values[[target.image for target in found.targets]]
    return attribution_of(run, x, found.maps * images.astype(np.float32), found.targets)
