"""Which units to show: for some maps of a layer, the images that excite them most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from inspector.client import Model, Unit
from inspector.errors import InvalidInputError
from inspector.render.maps import attribution_image
from inspector.render.pictures import photograph_of
from inspector.types.layers import Layer
from inspector.types.results.maps import Maps

MAPS_PER_LAYER = 12
IMAGES_PER_MAP = 3
RECTIFIERS = frozenset({"Relu", "Clip", "LeakyRelu", "PRelu", "HardSwish"})


@dataclass(frozen=True)
class Sighting:
    """One strong unit: what it projects to and what it sees, both cut to its receptive field."""

    projection: Image.Image
    patch: Image.Image


def layers_to_show(layers: Sequence[Layer], *, most: int = 4) -> list[Layer]:
    """Choose rectified layers with maps, spread over the depth of the network."""
    maps = [layer for layer in layers if _has_maps(layer)]
    rectified = [layer for layer in maps if layer.op_type in RECTIFIERS] or maps
    places = np.unique(np.linspace(0, len(rectified) - 1, min(most, len(rectified))).round().astype(int))
    return [rectified[place] for place in places]


def strongest_units(model: Model, layer: Layer, pictures: Sequence[Image.Image]) -> dict[int, list[Sighting]]:
    """Return sightings of the maps that a few images excite far above the others."""
    activation = model.activations(list(pictures), layers=[layer.name])[layer.name]
    maps = np.moveaxis(activation, layer.channel_axis or 1, 1)
    peaks = maps.reshape(*maps.shape[:2], -1).max(axis=2)
    spread = np.sort(peaks, axis=0)
    # A map is worth a look where its best images stand out from its median one.
    standing_out = spread[-IMAGES_PER_MAP:].mean(axis=0) - np.median(spread, axis=0)
    channels = [int(c) for c in np.argsort(-standing_out, kind="stable")[:MAPS_PER_LAYER]]
    best = {c: [int(i) for i in np.argsort(-peaks[:, c], kind="stable")[:IMAGES_PER_MAP]] for c in channels}
    best = {c: [i for i in images if peaks[i, c] > 0] for c, images in best.items()}
    pairs = [(channel, image) for channel, images in best.items() for image in images]
    sightings: dict[int, list[Sighting]] = {}
    for image in sorted({image for _, image in pairs}):
        wanted = [channel for channel, seen in pairs if seen == image]
        targets = [Unit(layer.name, channel) for channel in wanted]
        result = model.attribute(pictures[image], method="deconvnet", target=targets)
        seen_by_model = given(result, 0)
        for channel, values, target in zip(wanted, result.maps, result.targets, strict=True):
            box = _box(layer, target.position)
            projected = attribution_image(
                values, picture="projection", layout=result.layout, color=result.preprocessing.color
            )
            sighting = Sighting(projection=projected.crop(box), patch=seen_by_model.crop(box))
            sightings.setdefault(channel, []).append(sighting)
    return {channel: sightings[channel] for channel in channels if channel in sightings}


def given(result: Maps, image: int) -> Image.Image:
    """Return the picture that the model was given."""
    pixels = photograph_of(result.inputs[image], layout=result.layout, spec=result.preprocessing)
    return Image.fromarray(pixels)


def _box(layer: Layer, position: Sequence[int]) -> tuple[int, int, int, int]:
    """Return what a unit sees, as (left, top, right, bottom)."""
    field = layer.receptive_field
    if field is None or field.rows.extent is None or field.columns.extent is None:
        raise InvalidInputError(f"The receptive field of layer {layer.name!r} is not known in numbers.")
    row, column = position
    top, left, bottom, right = field.window(row, column, height=field.rows.extent, width=field.columns.extent)
    return left, top, right, bottom


def _has_maps(layer: Layer) -> bool:
    space = [size for axis, size in enumerate(layer.shape) if axis not in (0, layer.channel_axis)]
    known = layer.receptive_field is not None and layer.receptive_field.rows.windows is not None
    return known and len(space) == 2 and all(isinstance(size, int) and size > 1 for size in space)
