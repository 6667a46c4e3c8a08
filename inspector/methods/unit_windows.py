"""What of the image the units see whose maps were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inspector.engine.run import Run
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.layouts import spatial_sizes
from inspector.types.targets import ResolvedTarget


def with_windows(run: Run, images: Array, targets: Sequence[ResolvedTarget]) -> tuple[ResolvedTarget, ...]:
    """Return resolved targets with what they see of the images (N, …): units of layers whose windows are known do."""
    if not any(one.kind == "unit" for one in targets):
        return tuple(targets)
    layers = {layer.name: layer for layer in run.engine.model.layers}
    space = spatial_sizes(images.shape, run.engine.model.input.layout)
    return tuple(
        replace(one, window=_window(layers[one.layer], one.position, space))
        if one.kind == "unit" and one.layer in layers and not one.window
        else one
        for one in targets
    )


def _window(layer: Layer, position: tuple[int, ...], space: tuple[int, ...]) -> tuple[int, ...]:
    field = layer.receptive_field
    if field is None or len(field.axes) != len(space) or not position:
        return ()
    axes = field.windows(position, size=space)
    return tuple(first for first, _ in axes) + tuple(last for _, last in axes)
