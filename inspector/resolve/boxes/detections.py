"""What a detector's tensors say of one image: how sure it is of each class at each box, and where the boxes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from inspector.model.heads.head import Boxes, Columns, Scale
from inspector.resolve.boxes.decoding import corners_of
from inspector.types.arrays import Array

_MOST_CLASSES = 100_000
"""A larger class number is none."""


@dataclass(frozen=True, eq=False)
class Detections:
    """The boxes of one image, those of one scale after those of another."""

    boxes: Boxes
    found: Mapping[str, Array]
    """The tensors without their batch axis."""
    size: tuple[int, int]
    """The input's height and width."""
    known_classes: int | None = None

    @cached_property
    def counts(self) -> list[int]:
        """How many boxes each scale has."""
        return [prod(self._places(scale)) for scale in self.boxes.scales]

    @property
    def count(self) -> int:
        """How many boxes there are."""
        return sum(self.counts)

    @cached_property
    def confidences(self) -> Array:
        """float32 (classes, boxes): how sure the model is of each class at each box; 0 for the background."""
        parts = [
            confidences(scale, self.boxes, self.found, self.known_classes) for scale in self.boxes.scales
        ]
        if len(parts) == 1:
            return parts[0]
        classes = max(len(part) for part in parts)
        padded = [np.pad(part, ((0, classes - len(part)), (0, 0))) for part in parts]
        return np.concatenate(padded, axis=1)

    @cached_property
    def corners(self) -> Array | None:
        """float32 (boxes, 4): left, top, right, bottom in pixels of the input; None where the coding is not known."""
        parts = [corners_of(scale, self.boxes, self.found, self.size) for scale in self.boxes.scales]
        known = [part for part in parts if part is not None]
        return np.concatenate(known).astype(np.float32) if len(known) == len(parts) else None

    def confidence_at(self, index: int, box: int) -> float:
        """Return how sure the model is of a class at one box."""
        scale, number = self.scale_of(box)
        values = confidences(scale, self.boxes, self.found, self.known_classes, only=number)
        return float(values[index, 0]) if index < len(values) else 0.0

    def scale_of(self, box: int) -> tuple[Scale, int]:
        """Return the scale of a box, and its number there."""
        for scale, count in zip(self.boxes.scales, self.counts, strict=True):
            if box < count:
                return scale, box
            box -= count
        raise IndexError(box)

    def place_of(self, box: int) -> tuple[str, tuple[int, ...]]:
        """Return the output that holds a box's class, and the position there: what a target takes."""
        scale, number = self.scale_of(box)
        index = np.unravel_index(number, self._places(scale))
        return scale.holder.output, tuple(int(one) for one in index)

    def boxes_of(self, output: str | None) -> Array:
        """Return the numbers of the boxes that an output holds, by default of all."""
        numbers = np.split(np.arange(self.count), np.cumsum(self.counts)[:-1])
        return np.concatenate(
            [own for scale, own in zip(self.boxes.scales, numbers, strict=True) if _holds(scale, output)]
        )

    def places(self, output: str | None) -> tuple[int, ...] | None:
        """Return how the boxes of an output stand; None where it, or all of them, are more than one scale."""
        scales = [scale for scale in self.boxes.scales if _holds(scale, output)]
        return self._places(scales[0]) if len(scales) == 1 else None

    def element(self, box: int, index: int) -> tuple[str, int]:
        """Return the output, and the flat index there, of the number that says that a box shows a class."""
        scale, number = self.scale_of(box)
        holder = scale.holder
        column = index if scale.classes is not None else 0
        return holder.output, holder.place(self.found[holder.output].shape, column=column, box=number)

    def _places(self, scale: Scale) -> tuple[int, ...]:
        return scale.holder.places(self.found[scale.holder.output].shape)


def _holds(scale: Scale, output: str | None) -> bool:
    return output is None or any(part.output == output for part in scale.parts)


def fractions(columns: Columns, found: Mapping[str, Array], *, only: int | None = None) -> Array:
    """Return numbers from 0 to 1, (columns, boxes), by the activation that the graph has not applied."""
    values = columns.of(found[columns.output])
    if only is not None:
        values = values[:, only : only + 1]
    values = values.astype(np.float32)
    if columns.activation == "none":
        return np.asarray(np.exp(-np.logaddexp(0, -values)))
    if columns.activation == "logits":
        shifted = np.exp(values - values.max(axis=0, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=0, keepdims=True))
    return values


def confidences(
    scale: Scale, boxes: Boxes, found: Mapping[str, Array], known: int | None, *, only: int | None = None
) -> Array:
    """Return how sure the model is of each class, (classes, boxes): of all boxes of a scale, or of one."""
    if scale.numbers is not None:
        return _of_chosen(scale, scale.numbers, found, known, only=only)
    if scale.classes is None:
        return fractions(scale.holder, found, only=only)
    classes = fractions(scale.classes, found, only=only)
    if boxes.background is not None:
        classes = classes.copy()
        classes[boxes.background] = 0
    if scale.objectness is None:
        return classes
    objectness = fractions(scale.objectness, found, only=only)
    match boxes.confidence:
        case "root":
            return np.asarray(np.sqrt(np.clip(classes * objectness, 0, None)))
        case "weighted":
            return np.asarray(objectness**0.6 * classes**0.4)
        case _:
            return np.asarray(classes * objectness)


def _of_chosen(
    scale: Scale, chosen: Columns, found: Mapping[str, Array], known: int | None, *, only: int | None = None
) -> Array:
    """Return the one score of each box at its class, and 0 elsewhere."""
    numbers = chosen.of(found[chosen.output])[0]
    scores = fractions(scale.holder, found)[0]
    if only is not None:
        numbers, scores = numbers[only : only + 1], scores[only : only + 1]
    is_class = np.isfinite(numbers) & (numbers >= 0) & (numbers < _MOST_CLASSES)
    indices = np.where(is_class, numbers, 0).astype(np.int64)
    classes = max(int(indices.max(initial=0)) + 1, known or 0)
    spread = np.zeros((classes, len(scores)), np.float32)
    spread[indices, np.arange(len(scores))] = np.where(is_class, scores, 0)
    return spread
