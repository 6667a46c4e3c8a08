"""Saliency: the gradient of a score with respect to the image (Simonyan et al. 2014, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.run import Run
from inspector.methods.attribution.projection import project_targets
from inspector.methods.card import Card
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


@attribution_method(
    "saliency",
    picture="saliency",
    card=Card(
        formula="w = ∂S/∂x, drawn as max over channels of |w|.",
        source="Simonyan et al. 2014, §3, arXiv 1312.6034",
        shows="Which pixels the score reacts to most, if each is changed a little on its own.",
        hides="Not what made the score what it is: where the network is saturated, what matters most has no "
        "gradient. The maps are noisy, and their sign alone says little.",
        cost="1 forward and 1 backward pass (about 3 forward passes).",
    ),
)
def saliency(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    policies: Mapping[str, str] | None = None,
) -> Maps:
    """w = ∂S/∂x, signed; S is the class's score before a final Softmax, or another target's value."""
    return project_targets(run, x, targets, policy="gradient", policies=policies)
