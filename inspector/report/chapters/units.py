"""What units look for: for some maps of a layer, the images that excite them most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from inspector.render.blocks import FigureSize
from inspector.render.grid import tile
from inspector.render.maps import attribution_image
from inspector.report.chapters.attributions import given
from inspector.report.draft import Draft
from inspector.report.subjects import Subject
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.results.maps import Maps
from inspector.types.targets import Unit

RECTIFIERS = frozenset({"Relu", "Clip", "LeakyRelu", "PRelu", "HardSwish"})
_CELL = (84, 84)


@dataclass(frozen=True)
class Sighting:
    """One strong unit: what it projects to and what it sees, both cut to its receptive field."""

    projection: Image.Image
    patch: Image.Image


def units(draft: Draft) -> None:
    """Show deconvnet projections of the strongest units of layers over the depth of the network."""
    draft.section(
        "What units look for",
        "Deconvnet projections (Zeiler & Fergus 2014, Fig 2). For each layer, some of its feature maps; for each map "
        "the images that excite it most: above, what its strongest unit projects to; below, the patch of the image "
        "that this unit sees.",
    )
    chosen = layers_to_show(draft.layers, most=draft.effort.layers)
    if draft.info.input.layout not in ("NCHW", "NHWC") or not chosen:
        draft.note(
            "Not shown: no layer of this model has feature maps with rows and columns whose receptive fields are known "
            "in numbers."
        )
        return
    for layer in chosen:
        with draft.part(f"units of layer {layer.name}"):
            sightings = strongest_units(draft, layer)
            draft.page.add_group(
                f"{layer.name} — {layer.channels or '?'} maps, each unit sees {field_of(layer)} pixels"
            )
            if not sightings:
                draft.note(f"No map of {layer.name} is excited by any of the images.")
            for channel, found in sightings.items():
                pictures = [*(one.projection for one in found), *(one.patch for one in found)]
                figure = tile(pictures, columns=len(found), cell=_CELL)
                draft.page.add_figure(figure, f"map {channel}", size=FigureSize.SMALL)


def layers_to_show(layers: Sequence[Layer], *, most: int) -> list[Layer]:
    """Choose rectified layers with maps, spread over the depth of the network."""
    maps = [layer for layer in layers if _has_maps(layer)]
    rectified = [layer for layer in maps if layer.op_type in RECTIFIERS] or maps
    places = np.unique(np.linspace(0, len(rectified) - 1, min(most, len(rectified))).round().astype(int))
    return [rectified[place] for place in places]


def field_of(layer: Layer) -> str:
    """Return the receptive field of a layer in words."""
    field = layer.receptive_field
    if field is None:
        return "–"
    return "whole image" if field.covers_all else "×".join(map(str, field.size))


def strongest_units(draft: Draft, layer: Layer) -> dict[int, list[Sighting]]:
    """Return sightings of the maps that a few images excite far above the others."""
    subjects = draft.subjects[: 2 * draft.effort.images + 4]
    peaks = np.stack([_peaks(draft, layer, subject) for subject in subjects])
    spread = np.sort(peaks, axis=0)
    most = draft.effort.images_per_map
    # A map is worth a look where its best images stand out from its median one.
    standing_out = spread[-most:].mean(axis=0) - np.median(spread, axis=0)
    channels = [int(c) for c in np.argsort(-standing_out, kind="stable")[: draft.effort.maps]]
    best = {c: [int(i) for i in np.argsort(-peaks[:, c], kind="stable")[:most]] for c in channels}
    best = {c: [i for i in images if peaks[i, c] > 0] for c, images in best.items()}
    sightings: dict[int, list[Sighting]] = {}
    for image in sorted({image for images in best.values() for image in images}):
        wanted = [channel for channel, seen in best.items() if image in seen]
        targets = [Unit(layer.name, channel) for channel in wanted]
        result = draft.model.attribute(subjects[image].image, method="deconvnet", target=targets)
        draft.notes_of(result)
        draft.note(result.caution or "")
        for index, channel in enumerate(wanted):
            found = _sighting(layer, result, index)
            if found is not None:
                sightings.setdefault(channel, []).append(found)
    return {channel: sightings[channel] for channel in channels if channel in sightings}


def _peaks(draft: Draft, layer: Layer, subject: Subject) -> Array:
    """Return the largest activation of each map on one image."""
    values = np.asarray(draft.model.activations(subject.image, layers=[layer.name])[layer.name], np.float32)
    maps = np.moveaxis(values, layer.channel_axis or 1, 1)[0]
    peaks: Array = np.nan_to_num(maps.reshape(len(maps), -1).max(axis=1))
    return peaks


def _sighting(layer: Layer, result: Maps, index: int) -> Sighting | None:
    """Return one unit's projection and patch; None where it sees nothing of the image."""
    seen = given(result)
    position = result.targets[index].position
    if seen is None or layer.receptive_field is None or len(position) != 2:
        return None
    row, column = position
    top, left, bottom, right = layer.receptive_field.window(row, column, height=seen.height, width=seen.width)
    if bottom <= top or right <= left:
        return None
    projected = attribution_image(
        result.maps[index], picture="projection", layout=result.layout, color=result.preprocessing.color
    )
    box = (left, top, right, bottom)
    return Sighting(projection=projected.crop(box), patch=seen.crop(box))


def _has_maps(layer: Layer) -> bool:
    space = [size for axis, size in enumerate(layer.shape) if axis not in (0, layer.channel_axis)]
    return (
        layer.receptive_field is not None
        and layer.channel_axis is not None
        and len(space) == 2
        and all(not isinstance(size, int) or size > 1 for size in space)
    )
