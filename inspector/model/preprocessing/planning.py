"""What images become, known before any of them is decoded: of a picture its header says enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import TypeVar

import numpy as np

from inspector.errors import InspectorError, InvalidInputError
from inspector.model.checks.limits import require_at_most
from inspector.model.preprocessing.fitting import fitted
from inspector.model.preprocessing.images import picture_layout
from inspector.model.preprocessing.opening import Size
from inspector.model.spec import OnnxModel
from inspector.types.layouts import batched, of_one, space_of

T = TypeVar("T")
R = TypeVar("R")
ImageShape = tuple[int, ...]
"""Of one image as the model takes it, without the batch axis."""

Admit = Callable[[ImageShape], None]
"""Raises where the model cannot run on images of a shape."""


@dataclass(frozen=True)
class Planned:
    """One entry of what a caller gave, and what it becomes."""

    count: int
    """How many images it holds."""
    shapes: tuple[ImageShape, ...]
    """What each becomes: one shape; several where only its pixels decide, none where nothing tells."""


@contextmanager
def about(field: str) -> Iterator[None]:
    """Let an error name the image that it is about: which one of the request's, its reader cannot know."""
    try:
        yield
    except InspectorError as error:
        error.field = field
        raise


def picture_shapes(
    model: OnnxModel, sizes: Iterable[Size], *, field: str, channels: int | None = None
) -> tuple[ImageShape, ...]:
    """Return what a picture of one of these sizes becomes; of `channels` that are no colors it has so many, else 3.

    InvalidInputError for what this model does not take, LimitExceededError for what becomes too large.
    """
    given = model.preprocessing.channels or channels or 3
    _require_channels(model, given, field=field)
    _require_size_taken(model)

    def shape(size: Size) -> ImageShape:
        with about(field):
            made = _picture_shape(model, size, given)
        if problem := mismatch(model, (1, *made)):
            raise InvalidInputError(
                f"The preprocessing does not fit the model: {problem}", field="preprocessing"
            )
        return made

    return tuple(dict.fromkeys(_taken(sizes, shape)))


def require_together(model: OnnxModel, planned: Sequence[Planned], *, admit: Admit | None = None) -> None:
    """Raise where images are of different sizes, too large for the model to run on, or too many bytes together.

    What is not known yet is left out.
    """
    known = [one for one in planned if one.shapes]
    sure = {one.shapes[0] for one in known if len(one.shapes) == 1}
    if len(sure) > 1:
        raise differing(sure)
    if admit is not None:
        for shapes in dict.fromkeys(one.shapes for one in known):
            _taken(shapes, admit)
    itemsize = np.dtype(model.input.dtype).itemsize
    require_at_most(
        sum(one.count * min(map(prod, one.shapes)) * itemsize for one in known),
        model.limits,
        what=f"The size of {sum(one.count for one in known)} images like the first in bytes",
        name="max_input_bytes",
    )


def differing(shapes: Iterable[ImageShape]) -> InvalidInputError:
    """Return the error for images of one batch that differ in size."""
    return InvalidInputError(
        f"The inputs differ in size: {', '.join(map(str, sorted(shapes)))}. One batch has one size.",
        field="images",
    )


def mismatch(model: OnnxModel, shape: Sequence[int]) -> str | None:
    """Say how a batch's shape differs from the declared one, the batch axis aside; None where it fits."""
    declared = list(model.input.image_shape)
    layout, channels = of_one(model.input.layout), model.input.channels
    if channels is not None and len(declared) == len(layout) and "C" in layout:
        declared[layout.index("C")] = channels
    if len(shape) != len(declared) + 1 or any(
        isinstance(size, int) and size != given for size, given in zip(declared, shape[1:], strict=True)
    ):
        wanted = "×".join(["N", *("any" if not isinstance(size, int) else str(size) for size in declared)])
        return (
            f"The array has shape {tuple(shape)}; this model takes {wanted} ({batched(model.input.layout)})."
        )
    if prod(shape) == 0:
        return f"The array is empty: its shape is {tuple(shape)}. Give at least one image."
    return None


def _taken(candidates: Iterable[T], judge: Callable[[T], R]) -> list[R]:
    """Return what is made of those candidates that are taken; raise why not, where none is."""
    found: list[R] = []
    refused: list[InspectorError] = []
    for candidate in candidates:
        try:
            found.append(judge(candidate))
        except InspectorError as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    return found


def _picture_shape(model: OnnxModel, size: Size, channels: int) -> ImageShape:
    layout = picture_layout(model.preprocessing)
    height, width = fitted(*size, model.preprocessing)
    return tuple({"H": height, "W": width}.get(letter, channels) for letter in layout)


def _require_channels(model: OnnxModel, given: int, *, field: str) -> None:
    """Raise InvalidInputError where a picture has other channels than the model's input."""
    spec, channels = model.preprocessing, model.input.channels
    if space_of(model.input.layout) == "HW" and channels is not None and channels != given:
        colors = "RGB" if spec.channels is None else spec.color
        raise InvalidInputError(
            f"This model's input has {channels} channels; a picture gives {given} ({colors}). "
            "Give a float array of the input's shape.",
            field=field,
        )


def _require_size_taken(model: OnnxModel) -> None:
    """Raise InvalidInputError where pictures would be brought to a size that the model does not take."""
    spec, layout, declared = model.preprocessing, of_one(model.input.layout), model.input.image_shape
    if spec.resize == "none" or space_of(model.input.layout) != "HW" or len(layout) != len(declared):
        return
    for axis, side, name in (("H", spec.height, "height"), ("W", spec.width, "width")):
        taken = declared[layout.index(axis)]
        if side is not None and isinstance(taken, int) and side != taken:
            raise InvalidInputError(
                f"The preprocessing does not fit the model: its {name} is {side:,}; this model takes {taken:,}. "
                "Leave it out, or give that.",
                field=f"preprocessing.{name}",
            )
