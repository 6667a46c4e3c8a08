"""Predictions: what the model answers on each image, each kind of answer in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self, overload

import numpy as np

from inspector.types.arrays import Array
from inspector.types.notes import Note
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.base import Cell, Result, kind
from inspector.types.results.joining import notes_of, pictures_of, stacked
from inspector.types.targets import Class

DRAWN = ("boxes", "class_map", "class_numbers")
"""Meanings of outputs whose predictions have a picture: see `Output.meaning`."""
MOST_DRAWN_BYTES = 64 << 20
"""Of the images that a result of boxes or maps holds, so that it can be drawn."""


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class of a prediction; or one value of an output without classes."""

    index: int
    label: str | None
    probability: float | None
    """The model's own, or where it ends in scores, their softmax or sigmoid; of boxes, that of the best. None where the
    number is no probability."""
    score: float
    """Before the final activation; of boxes, the same as `probability`; of a value, the value."""
    share: float | None = None
    """Of classes per place: at which share of the places the class wins."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """One object that a detector found."""

    index: int
    """The class."""
    label: str | None = None
    confidence: float
    """From 0 to 1: how sure the model is."""
    corners: tuple[float, ...] | None = None
    """Left, top, right, bottom in pixels of the model's input; None where it is not known how the model writes them."""
    output: str | None = None
    position: tuple[int, ...] = ()

    @property
    def target(self) -> Class:
        """What explains this box."""
        return Class(self.index, self.output, self.position)


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """What the model answers on one image."""

    classes: tuple[ClassScore, ...]
    """The one that is explained by default first; of an output without classes, its values, if they are few."""
    notes: tuple[Note, ...] = ()
    """What it says about itself, e.g. that images ran one by one."""
    meaning: str = "classes"
    """What the output's numbers are: see `Output.meaning`."""
    output: str | None = None
    """The output that was read."""
    boxes: tuple[Box, ...] = ()
    """Of a detector, the surest first; of boxes of one class that overlap by half, one."""
    values: Array | None = None
    """float32: the output's own numbers, where they are no scores of classes."""
    map: Array | None = None
    """int64, of classes per place: the class of each place; −1 where there is none."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        return self._plain == other._plain and all(
            (one is None and two is None)
            or (one is not None and two is not None and np.array_equal(one, two, equal_nan=True))
            for one, two in ((self.values, other.values), (self.map, other.map))
        )

    def __hash__(self) -> int:
        return hash(self._plain)

    @property
    def _plain(self) -> tuple[object, ...]:
        return self.classes, self.notes, self.meaning, self.output, self.boxes


@kind("predictions")
@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions(Result, Sequence[Prediction]):
    """One prediction per image, in the order of the images; a sequence of those."""

    predictions: tuple[Prediction, ...]
    inputs: Array | None = None
    """(N, *image): what the model was given, where boxes or maps lie over it; None where it would be very large."""
    layout: str = ""
    """"NCHW", "NHWC" or "NC"."""
    preprocessing: Preprocessing | None = None
    """How the model's input is made of a picture, so that the photograph can be drawn from `inputs`."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return all predictions; without the images where those would be very large together."""
        notes = notes_of(parts)
        found = tuple(replace(one, notes=notes) for part in parts for one in part)
        inputs = [part.inputs for part in parts if part.inputs is not None]
        are_few = sum(one.nbytes for one in inputs) <= MOST_DRAWN_BYTES
        is_drawn = len(inputs) == len(parts) and are_few
        return replace(
            parts[0],
            predictions=found,
            inputs=stacked(inputs, what="The images") if is_drawn else None,
            layout=parts[0].layout if is_drawn else "",
            preprocessing=parts[0].preprocessing if is_drawn else None,
            notes=notes,
            rendered=pictures_of(parts),
        )

    @overload
    def __getitem__(self, image: int) -> Prediction: ...
    @overload
    def __getitem__(self, image: slice) -> tuple[Prediction, ...]: ...
    def __getitem__(self, image: int | slice) -> Prediction | tuple[Prediction, ...]:
        return self.predictions[image]

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.predictions)

    def __len__(self) -> int:
        return len(self.predictions)

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per image and class, box or value."""
        meaning = self.predictions[0].meaning if self.predictions else "classes"
        if meaning == "boxes":
            return _BOX_COLUMNS, [row for image, one in enumerate(self) for row in _box_rows(image, one)]
        if not any(one.probability is not None for prediction in self for one in prediction.classes):
            rows: list[tuple[Cell, ...]] = [
                (image, one.index, one.score)
                for image, prediction in enumerate(self)
                for one in prediction.classes
            ]
            return ("image", "value", "number"), rows
        rows = [
            (
                image,
                one.index,
                one.label,
                None if one.probability is None else f"{one.probability:.3f}",
                one.score,
                *(() if one.share is None else (f"{one.share:.1%}",)),
            )
            for image, prediction in enumerate(self)
            for one in prediction.classes
        ]
        shares = ("share",) if rows and len(rows[0]) > 5 else ()
        return ("image", "class", "label", "probability", "score", *shares), rows

    def summary(self) -> list[str]:
        """Return what the answers are, where they are not classes."""
        return [line for image, one in enumerate(self) for line in _words(image, one)]


_BOX_COLUMNS = (
    "image",
    "class",
    "label",
    "confidence",
    "left",
    "top",
    "right",
    "bottom",
    "output",
    "position",
)


def _box_rows(image: int, prediction: Prediction) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for box in prediction.boxes:
        corners: tuple[Cell, ...] = (None,) * 4
        if box.corners is not None:
            corners = tuple(round(corner, 1) for corner in box.corners)
        place = ",".join(map(str, box.position))
        rows.append((image, box.index, box.label, f"{box.confidence:.3f}", *corners, box.output, place))
    return rows


def _words(image: int, one: Prediction) -> list[str]:
    match one.meaning:
        case "boxes" if not one.boxes:
            best = one.classes[0] if one.classes else None
            surest = (
                f"; the surest has {best.probability:.3f}" if best and best.probability is not None else ""
            )
            return [f"image {image}: no box is sure enough{surest}"]
        case "embedding" | "picture" | "unknown" | "points" if one.values is not None:
            shape = "×".join(map(str, one.values.shape)) or "1"
            return [f"image {image}: {one.meaning}, {shape} numbers of output {one.output!r}"]
        case _:
            return []
