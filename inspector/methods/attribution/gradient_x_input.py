"""Gradient × input (Shrikumar et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inspector.engine.engine import Engine
from inspector.methods.attribution.projection import attribution_method, project_targets
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


@attribution_method("gradient_x_input")
def gradient_x_input(
    engine: Engine, x: Array, targets: Sequence[Target], *, cancellation: Cancellation | None = None
) -> Attribution:
    """x ⊙ ∂S/∂x, with x in the model's input units."""
    found = project_targets(
        engine, x, targets, method="gradient_x_input", policy="gradient", cancellation=cancellation
    )
    images = x[[target.image for target in found.targets]]
    return replace(found, maps=found.maps * images.astype(np.float32))
