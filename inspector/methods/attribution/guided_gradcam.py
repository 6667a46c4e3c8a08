"""Guided Grad-CAM (Selvaraju et al. 2017, §3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inspector.engine.engine import Engine
from inspector.methods.attribution.activation_map import class_activation_map
from inspector.methods.attribution.projection import attribution_method, project_targets
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


@attribution_method("guided_gradcam")
def guided_gradcam(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    layer: str | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """Guided backpropagation × Grad-CAM of a layer (by default the last one with maps), element by element."""
    fine = project_targets(
        engine, x, targets, method="guided_gradcam", policy="guided", cancellation=cancellation
    )
    coarse = class_activation_map(
        engine, x, targets, method="guided_gradcam", layer=layer, cancellation=cancellation
    )
    return replace(fine, maps=fine.maps * coarse.maps, notes=coarse.notes)
