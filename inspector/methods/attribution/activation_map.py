"""Class activation maps by gradients: what Grad-CAM and guided Grad-CAM share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspector.engine.pass_plan import Way
from inspector.engine.run import Run
from inspector.errors import within
from inspector.methods.attribution.projection import attribution_of, project_ways, resolve_targets
from inspector.methods.attribution.reading import Reader, Reading, Weights
from inspector.methods.emptiness import NO_POSITIVE_EVIDENCE
from inspector.methods.notes import STILL_LAYER
from inspector.methods.pairs import Paired, pairs
from inspector.methods.placing import placed
from inspector.methods.planes import as_maps, image_size
from inspector.methods.windows import Windows
from inspector.resolve.chosen import Chosen
from inspector.resolve.targets import Aim
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import ResolvedTarget, Target


def class_activation_map(
    run: Run, x: Prepared, targets: Sequence[Target], *, layer: str | None, relu: bool, weights: Weights
) -> Maps:
    """L = max(0, Σ_c α_c·A_c) with α_c the mean of ∂S/∂A_c over the map A_c (Selvaraju et al. 2017, eq. 1 and 2).

    With local weights α is ∂S/∂A_c itself, place by place (HiResCAM, Draelos & Carin 2020; of detectors' boxes ODAM,
    Zhao & Chan 2023): so for a target that sees only a part of the layer. Without `relu` the maximum with 0 is left
    out. The maps are of one channel, enlarged from the layer's grid to the image's size, in lines between its units;
    where these do not lie in the image's order (its rows and columns swapped, turned round, cut), each stands at its
    place. Targets that lie in different heads, such as boxes of different scales, have layers of their own.
    """
    return activation_map_beside(run, x, targets, policies=(), layer=layer, relu=relu, weights=weights)[0]


def activation_map_beside(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    policies: Sequence[str],
    layer: str | None,
    relu: bool,
    weights: Weights,
) -> tuple[Maps, list[Array]]:
    """Return class activation maps, and of the same forward passes the targets projected to the image by policies.

    The latter are (M, *image), for each of the policies.
    """
    engine = run.engine
    image_size(engine, x.values)  # an input that is no image is refused before anything is run
    windows = Windows(engine, x.values.shape[1:])
    reader = Reader(run, windows, layer=layer, weights=weights)
    common = reader.common(targets)
    down = [Way(toward=engine.model.input.name, policy=policy) for policy in policies]
    if common is not None:
        found = _seen(run, x.values, targets, common, down)
        planes = _planes(run, x, found, common, windows, relu=relu)
        told = _told(run, x, planes, found.targets, [common] * len(planes))
        return told, list(found.down)
    chosen = resolve_targets(run, x.values, targets)
    numbers = [pair.number for pair in pairs(targets, len(x))]
    readings = _readings(reader, x, chosen, targets)
    drawn: dict[int, tuple[Array, ...]] = {}
    for reading in dict.fromkeys(readings):
        members = [place for place, one in enumerate(readings) if one == reading]
        own = [chosen[place] for place in members]
        rows = sorted({one.resolved.image for one in own})
        paired = [
            Paired(one, rows.index(one.resolved.image), numbers[place])
            for place, one in zip(members, own, strict=True)
        ]
        found = _seen(run, x.values[rows], paired, reading, down)
        found = replace(found, targets=tuple(one.resolved for one in own))
        planes = _planes(run, x, found, reading, windows, relu=relu)
        drawn |= zip(members, zip(planes, *found.down, strict=True), strict=True)
    stacked = [np.stack(one) for one in zip(*(drawn[place] for place in range(len(chosen))), strict=True)]
    return _told(run, x, stacked[0], [one.resolved for one in chosen], readings), stacked[1:]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """What one forward pass and the ways back from it give of targets."""

    targets: tuple[ResolvedTarget, ...]
    gradient: Array
    """Of each at the layer: (M, *layer)."""
    activations: Array
    """The layer's on each one's image: (M, *layer)."""
    down: tuple[Array, ...]
    """Each at the image, (M, *image), for the other ways."""


def _seen(
    run: Run, images: Array, targets: Sequence[Aim | Paired], reading: Reading, down: Sequence[Way]
) -> _Seen:
    layer = reading.layer.output
    ways = [Way(toward=layer, policy="gradient"), *down]
    (gradient, *others), beside = project_ways(run, images, targets, ways=ways, beside=[layer])
    return _Seen(
        targets=gradient.targets,
        gradient=gradient.maps,
        activations=beside[layer],
        down=tuple(one.maps for one in others),
    )


def _told(
    run: Run, x: Prepared, planes: Array, targets: Sequence[ResolvedTarget], readings: Sequence[Reading]
) -> Maps:
    """Return planes as maps that tell how they were read."""
    used = ",".join(dict.fromkeys(one.weights for one in readings))
    layers = tuple(one.layer.name for one in readings)
    named = {} if len(set(layers)) > 1 else {"layer": layers[0]}
    options = {**named, "weights": used}
    return attribution_of(run, x, as_maps(run.engine, planes), targets, layers=layers, options=options)


def _readings(
    reader: Reader, x: Prepared, chosen: Sequence[Chosen], targets: Sequence[Target]
) -> list[Reading]:
    """Return how each target is read; those of the same elements alike."""
    known: dict[tuple[str, bytes], Reading] = {}
    found = []
    for pair, one in zip(pairs(targets, len(x)), chosen, strict=True):
        key = one.resolved.tensor, one.places.tobytes()
        if key not in known:
            with within(f"targets[{pair.number}]"):
                image = x.values[one.resolved.image : one.resolved.image + 1]
                known[key] = reader.reading(one, image)
        found.append(known[key])
    return found


def _planes(run: Run, x: Prepared, found: _Seen, reading: Reading, windows: Windows, *, relu: bool) -> Array:
    """Return the maps by one layer, (targets, *size of the image)."""
    layer = reading.layer
    grid = placed(run, layer, found.gradient, x.values, windows=windows)
    gradients, maps = (
        grid.maps(array).astype(np.float32, copy=False) for array in (found.gradient, found.activations)
    )
    weights = gradients
    if reading.weights == "mean":
        weights = gradients.mean(axis=tuple(range(2, gradients.ndim)), keepdims=True)
    signed = (weights * maps).sum(axis=1)
    planes = np.maximum(signed, 0) if relu else signed
    if relu:
        _note_against(run, signed, found.targets, layer=layer.name)
    if planes.ndim > 1 + len(grid.size):
        planes = planes.mean(axis=tuple(range(1 + len(grid.size), planes.ndim)))
    is_still = [not gradient.any() for gradient in gradients]
    if any(is_still):
        run.note(
            STILL_LAYER,
            f"{sum(is_still)} of {len(is_still)} targets do not change with "
            f"{'the patches of ' if grid.tokens is not None else ''}layer {layer.name!r}, so their maps are 0. "
            "Name a layer that lies on the way to them.",
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
