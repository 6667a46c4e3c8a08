"""Saliency: the gradient of a score with respect to the image (Simonyan et al. 2014, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.run import Run
from inspector.methods.attribution.projection import project_targets
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


@attribution_method("saliency", picture="saliency")
def saliency(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    policies: Mapping[str, str] | None = None,
) -> Maps:
    """w = ∂S/∂x, signed; S is the class's score before a final Softmax, or another target's value."""
    return project_targets(run, x, targets, policy="gradient", policies=policies)
