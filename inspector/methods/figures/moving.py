"""Images shifted, enlarged and turned, as the model takes them.

The values of an input are those of pixels, scaled and shifted per channel. Lines between pixels commute with that: an
input moved here is the input of the picture moved, up to the rounding of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, nearest
from inspector.methods.color import color_values, over_image
from inspector.methods.perturbed import perturbed
from inspector.types.arrays import Array
from inspector.types.layouts import of_one, space_of, spatial_axes
from inspector.types.requests.invariance import InvarianceRequest

Border = Literal["reflect", "edge", "gray", "black", "white"]

KINDS = ("translate", "scale", "rotate")

_IMAGES = ("reflect", "edge")
"""Borders beyond which is what the image has; the others are colors."""
_REACH = 60 / 224
"""How far the paper shifts, as a share of the height."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Move:
    """One way to move images, by several amounts."""

    kind: str
    amounts: Array
    """float64 (P,): pixels down, factors, or degrees counterclockwise."""
    label: str
    """Of the axis of amounts."""

    def sources(self, amount: float, size: tuple[int, int]) -> tuple[Array, Array]:
        """Return from which row and column each pixel comes, float64 (H, W) each."""
        middle = (size[0] - 1) / 2, (size[1] - 1) / 2
        down, across = np.indices(size, dtype=np.float64)
        if self.kind == "translate":
            return down - amount, across
        down, across = down - middle[0], across - middle[1]
        if self.kind == "scale":
            return down / amount + middle[0], across / amount + middle[1]
        angle = np.deg2rad(amount)
        turned = np.sin(angle) * across + np.cos(angle) * down, np.cos(angle) * across - np.sin(angle) * down
        return turned[0] + middle[0], turned[1] + middle[1]


def moves_of(request: InvarianceRequest, *, layout: str, size: Sequence[int]) -> list[Move]:
    """Return what is to be done to images of a size; InvalidInputError for what cannot be done to them."""
    given = dict(zip(KINDS, (request.shifts, request.scales, request.angles), strict=True))
    labels = dict(zip(KINDS, ("pixels down", "enlargement", "degrees counterclockwise"), strict=True))
    found = []
    for index, kind in enumerate(request.transformations):
        if kind not in KINDS:
            raise InvalidInputError(
                f"transformations has {kind!r}; allowed: {', '.join(KINDS)}.{nearest(kind, KINDS)}",
                field=f"transformations[{index}]",
            )
        if kind == "rotate" and space_of(layout) == "L":
            if given[kind] or request.transformations != KINDS:
                raise InvalidInputError(
                    "A signal cannot be turned: it has one axis. Leave rotate out of transformations.",
                    field=f"transformations[{index}]",
                )
            continue
        amounts = np.asarray(given[kind] or _usual(kind, size), np.float64)
        if kind == "scale" and (amounts <= 0).any():
            raise InvalidInputError(f"scales has {amounts.min():g}; give factors above 0.", field="scales")
        if not np.isfinite(amounts).all():
            raise InvalidInputError(f"The amounts of {kind} must be finite.", field="transformations")
        found.append(Move(kind=kind, amounts=np.unique(amounts), label=labels[kind]))
    if not found:
        raise InvalidInputError(
            f"transformations is empty; give some of {', '.join(KINDS)}.", field="transformations"
        )
    return found


def _usual(kind: str, size: Sequence[int]) -> Array:
    """Return the paper's amounts; of shifts also by one pixel, whatever the size."""
    if kind == "translate":
        most = max(1, round(_REACH * size[-2 if len(size) > 1 else -1]))
        return np.array([-1, 1, *np.rint(np.linspace(-most, most, 13))])
    return np.linspace(1, 1.8, 9) if kind == "scale" else np.arange(0.0, 360.0, 15.0)


def moved(run: Run, image: Array, move: Move, *, border: Border) -> Array:
    """Return one image (1, …) moved by all amounts, (P, …), in the model's own type."""
    model, layout = run.engine.model, of_one(run.engine.model.input.layout)
    # Of a volume the rows and columns of every slice are moved; a signal is a column.
    axes = tuple(axis - len(layout) for axis in spatial_axes(layout)[-2:])
    fill: Array = np.zeros(1)
    if border in ("gray", "black", "white"):
        fill = over_image(model, np.array(color_values(model, image, border, field="border"), np.float64))
    planes = np.asarray(image[0], np.float32)
    filled = np.broadcast_to(fill.astype(np.float32), planes.shape)
    planes, filled = (np.moveaxis(one, axes, range(-len(axes), 0)) for one in (planes, filled))
    if len(axes) == 1:
        planes, filled = planes[..., None], filled[..., None]
    found = []
    for amount in move.amounts:
        rows, columns = move.sources(float(amount), planes.shape[-2:])
        one = _sampled(planes, rows, columns, filled, border=border)
        one = one[..., 0] if len(axes) == 1 else one
        found.append(np.moveaxis(one, range(-len(axes), 0), axes))
    return perturbed(run, np.stack(found))


_FAR = 1e6


def _sampled(planes: Array, rows: Array, columns: Array, filled: Array, *, border: str) -> Array:
    """Return (…, H, W) at places between pixels, by lines between the four around each (bilinear)."""
    height, width = planes.shape[-2:]
    flat = planes.reshape(*planes.shape[:-2], -1)
    # What should be a whole number is one: a quarter turn takes pixels to pixels.
    rows, columns = np.round(rows, 6), np.round(columns, 6)
    # Far beyond the border is beyond it; places are whole numbers of 32 bits.
    rows, columns = (np.clip(one, -_FAR, _FAR) for one in (rows, columns))
    top, left = np.floor(rows).astype(np.int32), np.floor(columns).astype(np.int32)
    below, right = (rows - top).astype(np.float32), (columns - left).astype(np.float32)
    total = np.zeros(planes.shape, np.float32)
    for down, across in np.ndindex(2, 2):
        weight = (below if down else 1 - below) * (right if across else 1 - right)
        if not weight.any():
            continue
        row, column = (_places(border, *one) for one in ((top + down, height), (left + across, width)))
        values = flat[..., row * width + column]
        if border not in _IMAGES:
            is_inside = (row == top + down) & (column == left + across)
            values = np.where(is_inside, values, filled)
        total += weight * values
    return total


def _places(border: str, places: Array, size: int) -> Array:
    """Return where the values of places, of which some lie beyond the border, stand in an image of a size."""
    if border != "reflect":
        return np.clip(places, 0, size - 1)
    places = np.mod(places, 2 * size)  # mirrored at its edges, again and again
    return np.where(places < size, places, 2 * size - 1 - places)
