"""Predictions: the most probable classes of each image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from inspector.types.notes import Note
from inspector.types.results.base import Cell, Result, kind


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class of a prediction."""

    index: int
    label: str | None
    probability: float
    """From the model's own Softmax or Sigmoid; where it ends in scores, their softmax."""
    score: float
    """Before the final activation."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The most probable classes of one image, best first."""

    classes: tuple[ClassScore, ...]
    notes: tuple[Note, ...] = ()
    """What it says about itself, e.g. that images ran one by one."""


@kind("predictions")
@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions(Result, Sequence[Prediction]):
    """One prediction per image, in the order of the images; a sequence of those."""

    predictions: tuple[Prediction, ...]

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
        """Return a row per image and class."""
        rows: list[tuple[Cell, ...]] = [
            (image, one.index, one.label, f"{one.probability:.3f}", one.score)
            for image, prediction in enumerate(self.predictions)
            for one in prediction.classes
        ]
        return ("image", "class", "label", "probability", "score"), rows
