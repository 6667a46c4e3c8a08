"""Preprocessing that the model carries in its graph: an integer input, or nodes that normalize before all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx_ir as ir

from inspector.model.preprocessing.front.follow import Followed, follow, start_of
from inspector.model.preprocessing.front.ranges import (
    BYTES,
    RANGES,
    STANDARD,
    UNIT,
    Range,
    color_order,
    combined,
    contradict,
)
from inspector.model.preprocessing.front.rule import Facts
from inspector.model.preprocessing.sources.finding import PartFound
from inspector.types.layers import Shape
from inspector.types.layouts import channel_axis, space_of
from inspector.types.presets import PRESETS
from inspector.types.results.model_info import ImageInput

LARGEST_FACTOR = 20 / 255
"""A larger factor makes of 0..255 what no layer is made for."""


def from_graph(model: ir.Model, image_input: ImageInput, shapes: Mapping[str, Shape]) -> PartFound | None:
    """Say in which range the graph wants pixels, and what that is concluded from; None where it says nothing.

    The image is followed through all that keeps its values channel by channel. What is certain is found, what is
    likely is a guess: two ranges are possible, parts of the graph contradict each other, or one reads the pixels as
    they are.
    """
    if np.issubdtype(image_input.dtype, np.integer):
        return _of_integers(image_input)
    if not space_of(image_input.layout):
        return None
    start = start_of(len(image_input.shape), channel_axis(image_input.layout), image_input.channels)
    found = follow(model, image_input.name, start=start, facts=Facts(shapes))
    allowed = combined(found.evidence)
    if allowed:
        best = next(one for one in RANGES if one in allowed)
        is_certain = len(allowed) == 1 and best is not STANDARD and not contradict(found.evidence)
        return _part(found, best, is_guess=not is_certain or found.reads_pixels)
    if found.is_measured and all(end.is_pixels for end in found.ends):
        return PartFound(
            source="the graph takes mean and deviation from the image itself, so that its range does not matter",
            fields=UNIT.values,
        )
    moved = [end for end in found.ends if not end.is_pixels]
    if not moved:
        return None
    takes_bytes = any(
        np.abs(end.factors).max() < LARGEST_FACTOR or np.abs(end.shifts).max() > 4 for end in moved
    )
    return _part(found, BYTES if takes_bytes else UNIT, is_guess=True)


def _part(found: Followed, best: Range, *, is_guess: bool) -> PartFound:
    how = f" ({', '.join(found.operators)})" if found.operators else ""
    if best is STANDARD:
        fields: dict[str, Any] = {**best.values, "color": PRESETS["imagenet"]["color"]}
        return PartFound(
            source=f"the graph's first statistics are of {best.text}: those of ImageNet are a guess",
            fields={},
            likely=_fitting(fields, found),
        )
    colors = {color_order(end, best) for end in found.ends if not end.is_pixels}
    color = next(iter(colors)) if len(colors) == 1 else None
    says = "normalizes by itself" if found.operators else "bounds its input"
    what = f"the graph {says}{how} and {'seems to take' if is_guess else 'takes'} {best.text}"
    # The means of ImageNet, red last: Caffe's, most likely; but a graph that was put together wrongly has them, too.
    colors_likely = {"color": color} if color == "BGR" else {}
    certain = {"color": color} if color == "RGB" else {}
    if is_guess:
        return PartFound(source=what, fields={}, likely=best.values | certain | colors_likely)
    return PartFound(
        source=what, fields=best.values | certain, likely=colors_likely, takes=(best.low, best.high)
    )


def _fitting(fields: dict[str, Any], found: Followed) -> dict[str, Any]:
    """Return one mean and std for all channels where there are not three, and no color."""
    count = max((len({one.source for one in end.channels}) for end in found.ends), default=3)
    if count == 3:
        return fields
    mean, std = (float(np.mean(fields[name])) for name in ("mean", "std"))
    return {"scale": fields["scale"], "mean": (mean,), "std": (std,)}


def _of_integers(image_input: ImageInput) -> PartFound:
    """Pixels as they are; in int8 they can only be 128 less."""
    if image_input.dtype == "int8":
        return PartFound(
            source="the int8 input holds pixels less 128",
            fields={},
            likely={"scale": 1.0, "mean": (128.0,), "std": (1.0,)},
        )
    return PartFound(
        source=f"the {image_input.dtype} input takes pixels as they are",
        fields=BYTES.values,
        takes=(BYTES.low, BYTES.high),
    )
