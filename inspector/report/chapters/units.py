"""What units look for: for some maps of a layer, the parts of images that excite them most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.render.blocks import FigureSize
from inspector.report.chapter import chapter
from inspector.report.draft import Draft
from inspector.types.layers import Layer

RECTIFIERS = frozenset({"Relu", "Clip", "LeakyRelu", "PRelu", "HardSwish"})


@chapter("units", order=30)
def units(draft: Draft) -> None:
    """Show the strongest examples of units of layers over the depth of the network, and their projections."""
    draft.section(
        "What units look for",
        "For each of a few layers some of its feature maps, and for each map the places in the images that excite it "
        "most (Zeiler & Fergus 2014, Fig 2): what the unit sees there, and what it projects to by the deconvnet.",
    )
    chosen = layers_to_show(draft.layers, most=draft.effort.layers)
    if draft.info.input.layout not in ("NCHW", "NHWC") or not chosen:
        draft.note(
            "Not shown: no layer of this model has feature maps with rows and columns whose receptive fields are known "
            "in numbers."
        )
        return
    images = [subject.image for subject in draft.subjects[: 2 * draft.effort.images + 4]]
    for layer in chosen:
        with draft.part(f"units of layer {layer.name}"):
            found = draft.model.top(
                images,
                layer=layer.name,
                rows=max(2, draft.effort.maps // 2),
                count=min(9, max(draft.effort.images_per_map, len(images))),
            )
            draft.page.add_group(
                f"{layer.name} — {layer.channels or '?'} maps, each unit sees {field_of(layer)} pixels"
            )
            draft.notes_of(found)
            pictures = found.pictures()
            for picture in pictures:
                draft.page.add_figure(picture, f"maps of {layer.name}", size=FigureSize.WIDE)
            if not any(row.examples for row in found.rows):
                draft.note(f"No map of {layer.name} is excited by any of the images.")


def layers_to_show(layers: Sequence[Layer], *, most: int) -> list[Layer]:
    """Choose rectified layers with maps, spread over the depth of the network."""
    maps = [layer for layer in layers if has_maps(layer)]
    rectified = [layer for layer in maps if layer.op_type in RECTIFIERS] or maps
    places = np.unique(np.linspace(0, len(rectified) - 1, min(most, len(rectified))).round().astype(int))
    return [rectified[place] for place in places]


def field_of(layer: Layer) -> str:
    """Return the receptive field of a layer in words."""
    field = layer.receptive_field
    if field is None:
        return "–"
    return "whole image" if field.covers_all else "×".join(map(str, field.size))


def has_maps(layer: Layer) -> bool:
    """Return whether a layer has channels, and maps with rows and columns of more than one place."""
    space = [size for axis, size in enumerate(layer.shape) if axis not in (0, layer.channel_axis)]
    return (
        layer.receptive_field is not None
        and layer.channel_axis is not None
        and len(space) == 2
        and all(not isinstance(size, int) or size > 1 for size in space)
    )
