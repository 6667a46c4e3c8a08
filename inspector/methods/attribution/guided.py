"""Guided backpropagation (Springenberg et al. 2015, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.engine import Engine
from inspector.methods.attribution.projection import attribution_method, project_targets
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


@attribution_method("guided")
def guided(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    policies: Mapping[str, str] | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """Backward pass that at every rectifier keeps what is positive in the signal and was positive going forward."""
    return project_targets(
        engine, x, targets, method="guided", policy="guided", policies=policies, cancellation=cancellation
    )
