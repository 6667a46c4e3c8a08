"""What an output means: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np

from inspector.types.arrays import Array

CLASSES, LABELS, SCORE, VALUES, POINTS = "classes", "labels", "score", "values", "points"
CLASS_MAP, CLASS_NUMBERS, EMBEDDING, PICTURE = "class_map", "class_numbers", "embedding", "picture"
BOXES, UNKNOWN = "boxes", "unknown"

MEANINGS: Mapping[str, str] = {
    BOXES: "boxes around objects, each with a class",
    CLASSES: "classes, of which one holds",
    LABELS: "labels, of which any number holds",
    SCORE: "one score: how sure the model is",
    CLASS_MAP: "classes of each place of a map",
    CLASS_NUMBERS: "numbers of classes, without their scores",
    POINTS: "points",
    VALUES: "values",
    EMBEDDING: "an embedding",
    PICTURE: "a picture",
    UNKNOWN: "numbers whose meaning is not known",
}
"""All meanings in words, and in the order in which an output is chosen where none is named."""

WITH_CLASSES = (CLASSES, LABELS, SCORE, CLASS_MAP, BOXES)
"""The meanings with classes that have scores."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Numbers of boxes: `stop − start` of them per box, along an axis of an output."""

    output: str
    axis: int | None
    """Counted from the last, so below 0; all other axes together are the boxes. None: each number is a box's."""
    start: int = 0
    stop: int | None = None
    """None: to the end."""
    activation: str = "none"
    """"none", or what the graph has made of them already: "sigmoid", "softmax"."""
    groups: int = 1
    """The axis holds so many boxes at each place, one after the other, all with the same columns."""

    def of(self, values: Array) -> Array:
        """Return the numbers in an output without its batch axis, (columns, boxes)."""
        if self.axis is None:
            return values.reshape(1, -1)
        moved = np.moveaxis(values, self.axis, 0)
        if self.groups > 1:
            moved = np.moveaxis(moved.reshape(self.groups, -1, *moved.shape[1:]), 1, 0)
        part = moved[self.start : self.stop]
        return part.reshape(len(part), prod(part.shape[1:]))

    def place(self, shape: tuple[int, ...], *, column: int, box: int) -> int:
        """Return the flat index of one of those numbers in an output of a shape without the batch axis."""
        if self.axis is None:
            return box
        axis = self.axis % len(shape)
        left = shape[:axis] + shape[axis + 1 :]
        group, place = divmod(box, prod(left))
        entry = group * (shape[axis] // self.groups) + self.start + column
        index = list(np.unravel_index(place, left)) if left else []
        return int(np.ravel_multi_index((*index[:axis], entry, *index[axis:]), shape))

    def places(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return how the boxes stand in an output of a shape without the batch axis."""
        if self.axis is None:
            return (prod(shape),)
        left = tuple(size for axis, size in enumerate(shape) if axis != self.axis + len(shape))
        return (left or (1,)) if self.groups == 1 else (self.groups, *left)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The boxes of one resolution: the parts have one box after the other in the same order."""

    classes: Columns | None
    """None where there is one class, or the model gives numbers of classes."""
    coordinates: Columns | None = None
    objectness: Columns | None = None
    points: Columns | None = None
    numbers: Columns | None = None
    """Where the model has chosen: the number of each box's class; `objectness` then holds its one score."""
    stride: int | None = None
    """From one place of the grid to the next, in pixels of the input."""

    @property
    def parts(self) -> tuple[Columns, ...]:
        """All that is there."""
        found = (self.classes, self.coordinates, self.objectness, self.points, self.numbers)
        return tuple(one for one in found if one is not None)

    @property
    def holder(self) -> Columns:
        """What a class target explains: the classes, or of one class the objectness."""
        found = self.classes or self.objectness
        if found is None:
            raise TypeError("A scale has neither classes nor objectness.")
        return found


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """How a detector's numbers are boxes."""

    scales: tuple[Scale, ...]
    coding: str = "unknown"
    """How coordinates are corners: a name of `inspector.resolve.boxes.decoding`, or "measured"."""
    units: str | None = None
    """Of coordinates: "pixels" of the input, "fractions" of its sides; None until it was measured."""
    background: int | None = None
    """The column of the classes that says: nothing here."""
    confidence: str = "product"
    """How objectness and class are one number: "product", "root" (of the product), "weighted" (o^0.6 · c^0.4)."""
    extra: str | None = None
    """What stands beside the classes: "masks" or "points"."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """One output, and how it is read."""

    output: str
    meaning: str
    part: str | None = None
    """Of boxes: "classes", "coordinates", "objectness", "points", "numbers" or "all"."""
    scores: str
    """The tensor that is explained: before a final activation; or the output, where there is none."""
    activation: str = "none"
    """What makes the output of `scores`: "softmax", "log_softmax", "sigmoid", "unit" (a norm of 1) or "none"."""
    holds_probabilities: bool = False
    """Whether the output's numbers are probabilities already."""
    axis: int | None = None
    """The axis of classes in `scores`, from the last, so below 0; None where the whole tensor is one class."""
    output_axis: int | None = None
    """The same in the output."""
    classes: int | None = None
    """How many, where known."""
    is_set: bool = False
    """Whether any number of its classes may hold at once: labels, and one score."""
    background: int | None = None
    """The class that says that there is nothing, and is never the answer."""
    features: str | None = None
    boxes: Boxes | None = None
    guess: str | None = None
    """In a sentence, what nothing in the file says, and was taken for true."""
    is_measured: bool = False
    """Whether runs on images that show nothing are to decide: see `inspector.engine.heads`."""

    @property
    def layout(self) -> Boxes:
        """How boxes are read; TypeError of an output without."""
        if self.boxes is None:
            raise TypeError(f"Output {self.output!r} has no boxes.")
        return self.boxes

    @property
    def has_classes(self) -> bool:
        """Whether its classes have scores; of class numbers, those before the ArgMax."""
        return self.meaning in WITH_CLASSES or (self.meaning == CLASS_NUMBERS and self.scores != self.output)

    @property
    def is_bare(self) -> bool:
        """Whether its classes have scores of which the graph makes no probabilities."""
        return (
            self.has_classes
            and self.activation == "none"
            and not self.holds_probabilities
            and self.boxes is None
        )

    @property
    def words(self) -> str:
        """The meaning for people."""
        return MEANINGS[self.meaning] + (f": {self.part}" if self.part not in (None, "all") else "")


@dataclass(frozen=True, kw_only=True)
class Heads:
    """All outputs of a model that are numbers."""

    heads: Mapping[str, Head] = field(default_factory=dict)
    """By output, in the graph's order."""

    @cached_property
    def default(self) -> str | None:
        """The output that is read where none is named: the one that says classes before all others.

        Before one whose bare numbers are only taken for scores of classes, because nothing says what they are.
        """
        order = list(MEANINGS)

        def rank(name: str) -> tuple[bool, bool, int, bool]:
            head = self.heads[name]
            place, is_aside = order.index(head.meaning), head.part not in (None, "all", "classes")
            return not head.has_classes, head.is_bare and head.guess is not None, place, is_aside

        return min(self.heads, key=rank) if self.heads else None

    @cached_property
    def also(self) -> tuple[str, ...]:
        """The outputs that could have been the default as well."""
        first = self.heads[self.default] if self.default is not None else None
        if first is None or first.boxes is not None:
            return ()
        return tuple(n for n, one in self.heads.items() if one.meaning == first.meaning and n != first.output)
