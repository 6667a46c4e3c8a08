"""Class activation maps by gradients: what Grad-CAM and guided Grad-CAM share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import within
from inspector.methods.attribution.projection import attribution_of, project, resolve_targets
from inspector.methods.emptiness import NO_POSITIVE_EVIDENCE
from inspector.methods.notes import STILL_LAYER
from inspector.methods.placing import placed
from inspector.methods.planes import as_maps, image_size, layer_with_maps_below, source_layer
from inspector.resolve.targets import is_of_boxes, source_of
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.layers import Layer
from inspector.types.results.maps import Maps
from inspector.types.targets import Class, ResolvedTarget, Target, Unit


def class_activation_map(
    run: Run, x: Prepared, targets: Sequence[Target], *, layer: str | None, relu: bool
) -> Maps:
    """L = max(0, Σ_c α_c·A_c) with α_c the mean of ∂S/∂A_c over the map A_c (Selvaraju et al. 2017, eq. 1 and 2).

    Without `relu` the maximum with 0 is left out. The maps are of one channel, enlarged from the layer's grid to the
    image's size, in lines between its units; where these do not lie in the image's order (its rows and columns swapped,
    turned round, cut), each stands at its place. Targets that lie in different heads, such as boxes of different
    scales, have layers of their own.
    """
    engine, image = run.engine, x.values.shape[1:]
    image_size(engine, x.values)  # an input that is no image is refused before anything is run
    common = _common_layer(engine, layer, targets)
    if common is not None:
        gradient = project(run, x.values, targets, policy="gradient", toward=common.output)
        planes = _planes(run, x, gradient.maps, gradient.targets, common, relu=relu)
        return attribution_of(run, x, as_maps(engine, planes), gradient.targets)
    chosen = resolve_targets(run, x.values, targets)
    layers = [
        layer_with_maps_below(engine, None, tensor=source_layer(engine, one, image=image)) for one in chosen
    ]
    found: dict[int, Array] = {}
    for name in dict.fromkeys(one.name for one in layers):
        members = [place for place, one in enumerate(layers) if one.name == name]
        own, below = [chosen[place] for place in members], engine.model.layer(name)
        rows = [one.resolved.image for one in own]
        images = x.values[rows if len(set(rows)) > 1 else rows[:1]]
        gradient = project(run, images, own, policy="gradient", toward=below.output)
        planes = _planes(run, x, gradient.maps, [one.resolved for one in own], below, relu=relu)
        found |= zip(members, planes, strict=True)
    stacked = np.stack([found[place] for place in range(len(chosen))])
    return attribution_of(run, x, as_maps(engine, stacked), [one.resolved for one in chosen])


def _common_layer(engine: Engine, name: str | None, targets: Sequence[Target]) -> Layer | None:
    """Return the layer of all targets; None where they have several, or what is chosen on the image decides it."""
    if name is not None:
        return engine.model.layer(name)
    layers: dict[str, Layer] = {}
    for number, one in enumerate(targets):
        with within(f"targets[{number}]"):
            if not isinstance(one, Class | Unit) or is_of_boxes(engine, one):
                return None
            found = layer_with_maps_below(engine, None, tensor=source_of(engine, one))
            layers[found.name] = found
    return next(iter(layers.values())) if len(layers) == 1 else None


def _planes(
    run: Run, x: Prepared, gradient: Array, targets: Sequence[ResolvedTarget], layer: Layer, *, relu: bool
) -> Array:
    """Return the maps by one layer, (targets, *size of the image), of gradients (targets, *layer)."""
    rows = [one.image for one in targets]
    images = sorted(set(rows))
    grid = placed(run, layer, gradient, x.values)
    activations = run.forward(x.values[images], [layer.output])[layer.output][
        [images.index(row) for row in rows]
    ]
    gradients, maps = (grid.maps(array).astype(np.float32) for array in (gradient, activations))
    weights = gradients.mean(axis=tuple(range(2, gradients.ndim)), keepdims=True)
    signed = (weights * maps).sum(axis=1)
    planes = np.maximum(signed, 0) if relu else signed
    if relu:
        _note_against(run, signed, targets, layer=layer.name)
    planes = planes.mean(axis=tuple(range(1 + len(grid.size), planes.ndim)))
    is_still = [not gradient.any() for gradient in gradients]
    if any(is_still):
        run.note(
            STILL_LAYER,
            f"{sum(is_still)} of {len(is_still)} targets do not change with layer {layer.name!r}, so their maps are "
            "0. Name a layer that lies on the way to them.",
        )
    return grid.enlarged(planes)


def _note_against(run: Run, signed: Array, targets: Sequence[ResolvedTarget], *, layer: str) -> None:
    """Note of which targets nothing in the layer speaks for, only against."""
    for plane, target in zip(signed, targets, strict=True):
        if plane.max() <= 0 and plane.min() < 0:
            run.note(
                NO_POSITIVE_EVIDENCE,
                f"Nothing in layer {layer!r} speaks for {target}: the weighted sum of its maps is 0 or less "
                f"everywhere, {plane.min():.3g} at the lowest. The map shows only what speaks for a target, "
                "and so is 0; relu=False shows what speaks against it.",
            )
