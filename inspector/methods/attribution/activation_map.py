"""Class activation maps by gradients: what Grad-CAM and guided Grad-CAM share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.methods.attribution.projection import project_targets
from inspector.methods.planes import as_maps, image_size, layer_with_maps_below, upsample
from inspector.resolve.targets import channel_axis
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


def class_activation_map(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    method: str,
    layer: str | None,
    cancellation: Cancellation | None,
) -> Attribution:
    """L = max(0, Σ_c α_c·A_c) with α_c the mean of ∂S/∂A_c over the map A_c (Selvaraju et al. 2017, eq. 1 and 2).

    The maps are of one channel, bilinearly enlarged from the layer's grid to the image's size.
    """
    size = image_size(engine, x)
    chosen = layer_with_maps_below(engine, layer, target=targets[0])
    found = project_targets(
        engine,
        x,
        targets,
        method=method,
        policy="gradient",
        toward=chosen.output,
        cancellation=cancellation,
    )
    rank = found.maps.ndim - 1
    if rank != 3:
        raise InvalidInputError(
            f"Layer {chosen.name!r} has no maps: its output for one image has {rank} axes. Name one with maps, "
            "channels and two axes of space (see layers()).",
            field="options.layer",
        )
    axis = channel_axis(chosen, rank) + 1
    images = [target.image for target in found.targets]
    activations = engine.run(x, [chosen.output], cancellation=cancellation)[chosen.output][images]
    gradients, maps = (np.moveaxis(array, axis, 1).astype(np.float32) for array in (found.maps, activations))
    weights = gradients.mean(axis=(2, 3), keepdims=True)
    planes = np.maximum((weights * maps).sum(axis=1), 0)
    is_still = [not gradient.any() for gradient in gradients]
    note = (
        f"{sum(is_still)} of {len(is_still)} targets do not change with layer {chosen.name!r}, so their maps are 0. "
        "Name a layer that lies on the way to them."
    )
    return replace(
        found, maps=as_maps(engine, upsample(planes, size)), notes=(note,) if any(is_still) else ()
    )
