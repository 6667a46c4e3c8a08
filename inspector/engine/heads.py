"""What runs on images that show nothing tell of heads, where the graph leaves it open. Decided once for a model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import numpy as np

from inspector.errors import InspectorError
from inspector.model.heads.head import Boxes, Columns, Head, Scale
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.dtypes import Dtype

T = TypeVar("T")

Forward = Callable[[Array, Sequence[str]], Mapping[str, Array]]
"""(a (1, …) image, tensors) -> the tensors without their batch axis."""

SIDES = (224, 256, 320, 128, 64, 32)
"""What is tried for the sides of an image that a model leaves free, until one runs."""
_TOLERANCE = 2e-3
_MOST_FRACTION = 2.0
"""Coordinates in fractions of the image's sides are smaller; in pixels, some are larger."""
_SURE = 0.99
"""So many of the boxes have their second corner behind their first, where they are corners."""


class MeasuredHeads:
    """The heads of a model. Thread-safe; what must be measured is measured when it is first asked for."""

    def __init__(self, model: OnnxModel, *, run: Forward) -> None:
        self._model, self._run = model, run
        self._known: dict[str, Head] = {}
        self._lock = threading.Lock()

    def of(self, output: str) -> Head:
        """Return what an output means."""
        head = self._known.get(output)
        if head is None:
            with self._lock:
                head = self._known.get(output) or self._measured(self._model.heads.heads[output])
                self._known[output] = head
        return head

    def _measured(self, head: Head) -> Head:
        if head.boxes is not None and _is_open(head.boxes):
            names = dict.fromkeys(part.output for scale in head.boxes.scales for part in scale.parts)
            boxes = _boxes(head.boxes, self._first_that_runs(list, list(names)) or [])
            return replace(head, boxes=boxes, guess=head.guess or _about_scores(boxes))
        if head.is_measured:
            is_sure = self._first_that_runs(
                lambda answers: all(_sum_to_one(one[head.output], head.output_axis) for one in answers),
                [head.output],
            )
            return replace(head, holds_probabilities=True, guess=None) if is_sure else head
        return head

    def _first_that_runs(
        self, judge: Callable[[Iterator[Mapping[str, Array]]], T], tensors: Sequence[str]
    ) -> T | None:
        """Return what is judged of tensors of some images that show nothing, each of which runs as it is looked at.

        None where the model runs on none of them.
        """
        for shape in _shapes(self._model):
            with suppress(InspectorError):
                return judge(self._run(image[None], tensors) for image in _blank(self._model, shape))
        return None


def _shapes(model: OnnxModel) -> Iterator[tuple[int, ...]]:
    given = model.input.shape[1:] if model.input.batch_axis is not None else model.input.shape
    if all(isinstance(size, int) for size in given):
        yield tuple(size for size in given if isinstance(size, int))
        return
    for side in SIDES:
        yield tuple(size if isinstance(size, int) else side for size in given)


def _blank(model: OnnxModel, shape: tuple[int, ...]) -> Iterator[Array]:
    """Yield gray, noise and a ramp, in the range that the model's preprocessing gives."""
    spec, kind = model.preprocessing, Dtype(model.input.dtype)
    generator = np.random.default_rng(0)
    ramp = np.linspace(0, 255, int(np.prod(shape))).reshape(shape)
    for pixels in (np.full(shape, 127.0), generator.uniform(0, 255, shape), ramp):
        values = pixels * spec.scale - np.mean(spec.mean)
        yield (values / np.mean(spec.std)).astype(kind)


# --- probabilities


def _sum_to_one(values: Array, axis: int | None) -> bool:
    """Return whether numbers are from 0 to 1 and sum to 1, as probabilities do."""
    values = values.astype(np.float64)
    if axis is None or values.ndim < -axis or values.shape[axis] < 2 or not values.size:
        return False
    total = values.sum(axis=axis)
    return bool(values.min() >= -1e-6 and np.abs(total - 1).max() < _TOLERANCE)


# --- boxes


def _is_open(boxes: Boxes) -> bool:
    parts = (part for scale in boxes.scales for part in (scale.classes, scale.objectness))
    return boxes.units is None or any(part is not None and part.activation == "none" for part in parts)


def _boxes(boxes: Boxes, answers: Sequence[Mapping[str, Array]]) -> Boxes:
    """Measure whether scores are probabilities already, and how coordinates are meant."""
    if not answers:
        return replace(boxes, coding="center" if boxes.coding == "measured" else boxes.coding)
    scales = tuple(_scale(scale, answers) for scale in boxes.scales)
    values = [
        _rows(scale.coordinates, found)
        for scale in scales
        if scale.coordinates is not None
        for found in answers
    ]
    coordinates = np.concatenate(values) if values else np.zeros((0, 4))
    coding, units = boxes.coding, boxes.units
    if coordinates.size and np.isfinite(coordinates).all():
        if units is None:
            units = "fractions" if np.abs(coordinates).max() <= _MOST_FRACTION else "pixels"
        if coding == "measured":
            is_behind = (coordinates[:, 2:4] >= coordinates[:, :2]).all(axis=1)
            coding = "corners" if is_behind.mean() >= _SURE else "center"
    return replace(boxes, scales=scales, coding="center" if coding == "measured" else coding, units=units)


def _about_scores(boxes: Boxes) -> str | None:
    """Return what is said of scores that are no probabilities, and of which nobody says how they become some."""
    names = [
        part.output
        for scale in boxes.scales
        for part in (scale.classes, scale.objectness)
        if part is not None and part.activation == "none"
    ]
    if not names:
        return None
    return f"The scores of boxes in output {names[0]!r} are read as what a Sigmoid makes probabilities of."


def _scale(scale: Scale, answers: Sequence[Mapping[str, Array]]) -> Scale:
    return replace(
        scale,
        classes=_applied(scale.classes, answers),
        objectness=_applied(scale.objectness, answers),
    )


def _applied(part: Columns | None, answers: Sequence[Mapping[str, Array]]) -> Columns | None:
    """Return scores of which nothing is known as probabilities, where they are from 0 to 1 on every image."""
    if part is None or part.activation != "none":
        return part
    values = [_rows(part, found) for found in answers]
    flat = np.concatenate([one.reshape(-1) for one in values])
    is_likely = flat.size > 0 and flat.min() >= 0 and flat.max() <= 1
    return replace(part, activation="sigmoid") if is_likely else part


def _rows(part: Columns, found: Mapping[str, Array]) -> Array:
    """Return the numbers of a part, (boxes, columns)."""
    return np.asarray(part.of(found[part.output]).T, np.float64)
