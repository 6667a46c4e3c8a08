"""Regions of an image, as boxes, labels or masks, and how each is covered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, LimitExceededError
from inspector.methods.color import color_values
from inspector.methods.occlusion.superpixels import superpixels
from inspector.methods.planes import along_axes, interpolation
from inspector.types.arrays import Array
from inspector.types.given import as_numbers
from inspector.types.requests.occlude_regions import OccludeRegionsRequest, RegionFill

MOST = 10_000
"""Regions of one request."""
USUAL = 50
"""Superpixels, where nothing says what the regions are."""
_CELLS = 8
"""Along the longer side: so much of an image is left when it is out of focus."""

Mask = Callable[[int], Array]
"""Gives the mask of a region, (*space) from 0 to 1."""
Cover = Callable[[int, Array], Array]
"""(a region, its mask) -> what stands there instead of the image, broadcast over (*space, channels)."""


@dataclass(frozen=True)
class Regions:
    """Masks over an image, made one by one."""

    count: int
    mask: Mask
    kind: str
    """"masks", "labels", "boxes" or "superpixels"."""
    names: Sequence[str]
    """What tells them apart, for people."""


def regions_of(request: OccludeRegionsRequest, image: Array) -> Regions:
    """Return the regions that a request names on an image (*space, channels); superpixels where it names none.

    InvalidInputError where they are named in two ways, do not fit the image, or cover nothing of it.
    """
    space = image.shape[:-1]
    given = [name for name in ("masks", "boxes", "superpixels") if getattr(request, name) is not None]
    if len(given) > 1:
        raise InvalidInputError(f"Give one of masks, boxes and superpixels; {' and '.join(given)} are given.")
    if request.masks is not None:
        return _of_masks(request.masks, space)
    if request.boxes is not None:
        return _of_boxes(np.asarray(request.boxes), space)
    count = USUAL if request.superpixels is None else request.superpixels
    if not 1 <= count <= min(MOST, int(np.prod(space))):
        raise InvalidInputError(
            f"superpixels is {count}; allowed is 1 to {min(MOST, int(np.prod(space))):,}.",
            field="superpixels",
        )
    return _of_labels(superpixels(image, count), kind="superpixels")


def _of_masks(masks: Array, space: tuple[int, ...]) -> Regions:
    if masks.shape == space and (masks == np.round(masks)).all():
        return _of_labels(masks.astype(np.int64), kind="labels")
    if masks.shape[1:] != space:
        raise InvalidInputError(
            f"masks has the shape {masks.shape}; give (K, {', '.join(map(str, space))}), or labels in whole numbers "
            f"{space}: the model's input, after the preprocessing, is {'×'.join(map(str, space))}.",
            reason="INVALID_SHAPE",
            field="masks",
        )
    _require_few(len(masks))
    if masks.min() < 0 or masks.max() > 1:
        raise InvalidInputError(
            f"masks goes from {masks.min():g} to {masks.max():g}; a mask is 1 where it covers, 0 where it does not.",
            reason="OUT_OF_RANGE",
            field="masks",
        )
    empty = [index for index, one in enumerate(masks) if not one.any()]
    if empty:
        raise InvalidInputError(f"The mask {empty[0]} covers nothing.", field=f"masks[{empty[0]}]")
    return Regions(len(masks), lambda index: masks[index], "masks", list(map(str, range(len(masks)))))


def _of_labels(labels: Array, *, kind: str) -> Regions:
    known = np.unique(labels[labels >= 0])
    if not known.size:
        raise InvalidInputError("No label is 0 or more, so there is no region.", field="masks")
    _require_few(len(known))
    return Regions(
        len(known),
        lambda index: (labels == known[index]).astype(np.float64),
        kind,
        list(map(str, known.tolist())),
    )


def _of_boxes(boxes: Array, space: tuple[int, ...]) -> Regions:
    if len(space) != 2:
        raise InvalidInputError(
            f"boxes lie on pictures; the model's input has {len(space)} axes of space: give masks.",
            field="boxes",
        )
    _require_few(len(boxes))
    ends = []
    for index, (left, top, right, bottom) in enumerate(boxes):
        rows = np.clip(np.round([top, bottom]), 0, space[0]).astype(int)
        columns = np.clip(np.round([left, right]), 0, space[1]).astype(int)
        if rows[0] >= rows[1] or columns[0] >= columns[1]:
            raise InvalidInputError(
                f"The box {index} ({left:g}, {top:g}, {right:g}, {bottom:g}) covers no pixel of the {space[0]} × "
                f"{space[1]} image; give left, top, right, bottom.",
                field=f"boxes[{index}]",
            )
        ends.append((slice(*rows), slice(*columns)))

    def mask(index: int) -> Array:
        found = np.zeros(space)
        found[ends[index]] = 1
        return found

    return Regions(len(boxes), mask, "boxes", list(map(str, range(len(boxes)))))


def _require_few(count: int) -> None:
    if count > MOST:
        raise LimitExceededError(f"{count:,} regions are given; at most {MOST:,} are taken.", field="masks")


def covering(run: Run, image: Array, x: Array, fill: RegionFill, count: int) -> Cover:
    """Return what gives, for a region and its mask, what stands there instead of an image (*space, channels).

    `x` is the same image as the model takes it, (1, …).
    """
    if isinstance(fill, str) and fill == "mean":
        return lambda _, mask: (image * mask[..., None]).sum(axis=tuple(range(mask.ndim))) / mask.sum()
    if isinstance(fill, str) and fill == "blur":
        out_of_focus = _blurred(image)
        return lambda *_: out_of_focus
    colors = np.asarray(fill) if isinstance(fill, np.ndarray) else None
    if colors is not None and colors.ndim > 1:
        if colors.shape != (count, image.shape[-1]):
            raise InvalidInputError(
                f"fill has the shape {colors.shape}; give one color for all, or ({count}, {image.shape[-1]}): one for "
                "each region.",
                reason="INVALID_SHAPE",
                field="fill",
            )
        each = [color_values(run.engine.model, x, as_numbers(one) or (), field="fill") for one in colors]
        return lambda index, _: np.asarray(each[index])
    one = np.asarray(color_values(run.engine.model, x, fill, field="fill"))
    return lambda *_: one


def _blurred(image: Array) -> Array:
    """Return an image of which a few cells are left, with lines between."""
    space = image.shape[:-1]
    cells = [max(1, round(_CELLS * side / max(space))) for side in space]
    matrices = []
    for number, side in zip(cells, space, strict=True):
        owner = np.minimum(np.arange(side) * number // side, number - 1)
        means = (owner[None] == np.arange(number)[:, None]).astype(np.float64)
        matrices.append(
            interpolation(number, side) @ (means / np.maximum(means.sum(axis=1, keepdims=True), 1))
        )
    return np.moveaxis(along_axes(np.moveaxis(image, -1, 0), matrices), 0, -1)
