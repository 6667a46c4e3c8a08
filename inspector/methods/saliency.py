"""Saliency: the gradient of a score with respect to the image (Simonyan et al. 2014, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.attribution import Array, attribution_method, project_targets
from inspector.engine.engine import Engine
from inspector.results import Attribution
from inspector.runtime.cancel import Cancellation
from inspector.targets import Target


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
