"""What a unit sees of an image, and the pictures of it: exact windows, right at the borders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from PIL import Image

from inspector.engine.run import Run
from inspector.methods.figures.peaks import Peak
from inspector.methods.placing import fields_for
from inspector.methods.planes import image_size
from inspector.render.examples import OUTSIDE
from inspector.render.maps import attribution_image
from inspector.render.photograph import photograph_of
from inspector.render.signals import with_curve
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.layouts import batched, of_one, spatial_axes
from inspector.types.receptive_field import AxisField, ReceptiveField
from inspector.types.results.images import Example

_MOST_PADDED = 2 / 3
"""Of the image: larger windows would be padding for the most part, and are cut."""
WHOLE_IMAGE = "whole_image"
PADDED = "padded"


@dataclass(frozen=True, kw_only=True)
class Window:
    """What one unit sees, per axis of the image's space."""

    seen: tuple[tuple[int, int], ...]
    """The first pixel, and the one after the last, within the image."""
    shown: tuple[tuple[int, int], ...]
    """The same, or what the unit would see were there no edge, beyond which the image is padded."""

    @property
    def flat(self) -> tuple[int, ...]:
        """The shown part as one result has it: all first pixels, then those after the last."""
        return tuple(first for first, _ in self.shown) + tuple(after for _, after in self.shown)


class Windows:
    """The windows of one layer's units, for images of any size."""

    def __init__(self, run: Run, layer: Layer, *, pads: bool) -> None:
        self._run, self._layer, self._pads = run, layer, pads
        self._fields: dict[tuple[int, ...], ReceptiveField | None] = {}

    def of(self, position: Sequence[int], x: Array) -> Window:
        """Return the window of the unit at a position, in an image (1, …) as the model takes it.

        Where it is not known what the units see, and where they all see all of it, it is the whole image: a note says
        so.
        """
        size = image_size(self._run.engine, x)
        if size not in self._fields:
            found = fields_for(self._run.engine, x).get(self._layer.output)
            self._fields[size] = None if found is None else found.receptive_field()
        field = self._fields[size]
        whole = tuple((0, extent) for extent in size)
        if field is None:
            self._note("it is not known what its units see")
            return Window(seen=whole, shown=whole)
        seen = field.windows(position, size=size)
        if any(first >= after for first, after in seen):  # such a unit sees padding only
            return Window(seen=whole, shown=whole)
        if field.covers_all:
            self._note("each of its units sees all of it")
            return Window(seen=whole, shown=whole)
        shown = seen
        if self._pads and len(size) == 2:
            known = [
                position[place] if place is not None and place < len(position) else 0
                for place in field.places
            ]
            shown = tuple(map(_beyond, field.axes, known, seen, size))
        if shown != seen:
            self._run.note(
                PADDED,
                "Windows that reach over the image's edge are padded with light gray, so that a place in a patch is "
                "the same in all patches of a row; border=cut leaves that out.",
            )
        return Window(seen=seen, shown=shown)

    def _note(self, why: str) -> None:
        self._run.note(WHOLE_IMAGE, f"Patches of layer {self._layer.name!r} are whole images: {why}.")


def _beyond(axis: AxisField, index: int, seen: tuple[int, int], extent: int) -> tuple[int, int]:
    """Return what a unit would see were there no edge; else what it sees; so of a window almost as large."""
    if axis.stride == 0 or not 0 < axis.size <= _MOST_PADDED * extent:
        return seen
    first = axis.offset + axis.stride * index
    wide = ceil(first), floor(first + axis.size - 1) + 1
    return wide if wide[0] <= seen[0] and seen[1] <= wide[1] else seen


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """A map of an image, and how it is drawn."""

    values: Array
    """(*image)."""
    picture: str
    """One of inspector.types.options.PICTURES."""


def example(
    run: Run, x: Array, window: Window, peak: Peak, *, projection: Projection | None = None, caption: str = ""
) -> Example:
    """Return the part of an image (1, …) in a window, with the part of a projection that lies there too."""
    layout, spec = batched(run.engine.model.input.layout), run.engine.model.preprocessing
    shown: Array | None = None
    if len(window.seen) == 2:
        pixels = _cut(photograph_of(x[0], layout=layout, spec=spec), window)
    else:
        pixels = _elsewhere(x[0], window, layout=layout)
    if projection is not None:
        known = np.where(np.isfinite(projection.values), projection.values, 0)
        if len(window.seen) == 2:
            drawn = attribution_image(known, picture=projection.picture, layout=layout, color=spec.color)
            shown = _cut(_rgb(drawn), window)
        else:
            shown = _elsewhere(known, window, layout=layout)
    return Example(
        image=str(peak.image),
        value=peak.value,
        window=window.flat,
        pixels=pixels,
        projection=shown,
        caption=caption,
    )


def _cut(picture: Array, window: Window) -> Array:
    """Return a part of a picture (H, W, 3); what lies beyond its edges is gray."""
    (top, bottom), (left, right) = window.shown
    (first, last), (near, far) = window.seen
    found = np.full((bottom - top, right - left, 3), OUTSIDE, np.uint8)
    found[first - top : last - top, near - left : far - left] = picture[first:last, near:far]
    return found


def _elsewhere(values: Array, window: Window, *, layout: str) -> Array:
    """Return the picture of a part of a signal, as a curve, or of a volume, as the slice in its middle."""
    axes = spatial_axes(of_one(layout))
    index: list[slice | int] = [slice(None)] * values.ndim
    for axis, (first, after) in zip(axes, window.seen, strict=True):
        index[axis] = slice(first, after)
    if len(axes) == 3:
        index[axes[0]] = sum(window.seen[0]) // 2
    part = values[tuple(index)]
    left = [axis - (len(axes) == 3 and axis > axes[0]) for axis in axes[len(axes) == 3 :]]
    others = tuple(axis for axis in range(part.ndim) if axis not in left)
    plane = part.mean(axis=others) if others else part
    if len(axes) == 1:
        gray = _gray(plane)[None]
        return _rgb(with_curve(Image.fromarray(gray), plane))
    return _rgb(Image.fromarray(_gray(plane)))


def _gray(plane: Array) -> Array:
    low, high = float(plane.min()), float(plane.max())
    scaled = (plane - low) / (high - low) if high > low else np.full(plane.shape, 0.5)
    found: Array = np.rint(np.asarray(scaled, np.float64) * 255).astype(np.uint8)
    return found


def _rgb(picture: Image.Image) -> Array:
    return np.asarray(picture.convert("RGB"))
