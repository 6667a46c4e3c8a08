"""Class activation maps by gradients: what Grad-CAM and guided Grad-CAM share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.attribution.projection import attribution_of, project, resolve_targets
from inspector.methods.notes import STILL_LAYER
from inspector.methods.planes import as_maps, image_size, layer_with_maps_below, source_layer, upsample
from inspector.resolve.chosen import Chosen
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.layers import Layer
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


def class_activation_map(run: Run, x: Prepared, targets: Sequence[Target], *, layer: str | None) -> Maps:
    """L = max(0, Σ_c α_c·A_c) with α_c the mean of ∂S/∂A_c over the map A_c (Selvaraju et al. 2017, eq. 1 and 2).

    The maps are of one channel, bilinearly enlarged from the layer's grid to the image's size. Targets that lie in
    different heads, such as boxes of different scales, have layers of their own.
    """
    engine, image = run.engine, x.values.shape[1:]
    size = image_size(engine, x.values)
    chosen = resolve_targets(run, x.values, targets)
    layers = [
        engine.model.layer(layer)
        if layer is not None
        else layer_with_maps_below(engine, None, tensor=source_layer(engine, one, image=image))
        for one in chosen
    ]
    planes: dict[int, Array] = {}
    still: dict[str, int] = {}
    for name in dict.fromkeys(one.name for one in layers):
        members = [place for place, one in enumerate(layers) if one.name == name]
        own = engine.model.layer(name)
        gradients, maps = _gradients_and_maps(run, x, [chosen[place] for place in members], own)
        weights = gradients.mean(axis=(2, 3), keepdims=True)
        found = upsample(np.maximum((weights * maps).sum(axis=1), 0), size)
        planes |= dict(zip(members, found, strict=True))
        still[name] = sum(not gradient.any() for gradient in gradients)
    for name, count in still.items():
        if count:
            run.note(
                STILL_LAYER,
                f"{count} of {len(chosen)} targets do not change with layer {name!r}, so their maps are 0. Name a "
                "layer that lies on the way to them.",
            )
    stacked = np.stack([planes[place] for place in range(len(chosen))])
    return attribution_of(run, x, as_maps(engine, stacked), [one.resolved for one in chosen])


def _gradients_and_maps(run: Run, x: Prepared, chosen: Sequence[Chosen], layer: Layer) -> tuple[Array, Array]:
    """Return ∂S/∂A and A of a layer, each float32 (targets, channels, height, width)."""
    rows = [one.resolved.image for one in chosen]
    images = sorted(set(rows))
    alone = len(images) == 1
    found = project(run, x.values[images if alone else rows], chosen, policy="gradient", toward=layer.output)
    rank = found.maps.ndim - 1
    if rank != 3:
        raise InvalidInputError(
            f"Layer {layer.name!r} has no maps: its output for one image has {rank} axes. Name one with maps, "
            "channels and two axes of space (see layers()).",
            field="layer",
        )
    axis = channel_axis(layer, rank) + 1
    seen = run.forward(x.values[images], [layer.output])[layer.output]
    activations = seen[[images.index(row) for row in rows]]
    gradients, maps = (np.moveaxis(array, axis, 1).astype(np.float32) for array in (found.maps, activations))
    return gradients, maps
