"""Gradient × input (Shrikumar et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.methods.attribution.projection import attribution_of, project
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


@attribution_method("gradient_x_input", picture="signed", shares="value")
def gradient_x_input(run: Run, x: Prepared, targets: Sequence[Target]) -> Maps:
    """x ⊙ ∂S/∂x, with x in the model's input units."""
    found = project(run, x.values, targets, policy="gradient")
    images = x.values[[target.image for target in found.targets]]
    return attribution_of(run, x, found.maps * images.astype(np.float32), found.targets)
