"""Saliency: the gradient of a score with respect to the image (Simonyan et al. 2014, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.engine import Engine
from inspector.methods.attribution.projection import attribution_method, project_targets
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


@attribution_method("saliency")
def saliency(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    policies: Mapping[str, str] | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """w = ∂S/∂x, signed; S is the class's score before a final Softmax, or another target's value."""
    return project_targets(
        engine,
        x,
        targets,
        method="saliency",
        policy="gradient",
        policies=policies,
        cancellation=cancellation,
    )
