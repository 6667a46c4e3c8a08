"""Grad-CAM (Selvaraju et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.engine import Engine
from inspector.methods.attribution.activation_map import class_activation_map
from inspector.methods.attribution.projection import attribution_method
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


@attribution_method("gradcam")
def gradcam(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    layer: str | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """Sum a layer's maps, each weighted by how much the target grows with it; one channel, enlarged to the image.

    The layer is by default the last one with maps that all of the target depends on.
    """
    return class_activation_map(engine, x, targets, method="gradcam", layer=layer, cancellation=cancellation)
