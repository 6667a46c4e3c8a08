"""What is judged: one map, the image that it explains, and what the model makes of that image when it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from inspector.engine.run import Run
from inspector.engine.sweeping.batches import Batches, Ran
from inspector.resolve.chosen import Chosen
from inspector.resolve.probabilities import answers, tensors_for
from inspector.types.arrays import Array
from inspector.types.layouts import channel_axis, of_one

SIGNED = ("signed", "heat")
"""Pictures of maps in which more is more important; in others it is the magnitude."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """One map of one image."""

    run: Run
    image: Array
    """(1, *image), as the model takes it."""
    number: int
    """Which of the request's images it is."""
    chosen: Chosen
    values: Array
    """float32, the map: in the image's shape, or with one channel."""
    plane: Array
    """float64 (*space), how important each pixel is."""

    @property
    def extent(self) -> float:
        """The largest value of the image, less its smallest."""
        return float(np.ptp(self.image.astype(np.float64)))

    def chunks(self, count: int) -> Iterator[range]:
        """Cut a count of images that are made of this one into as many as one run takes."""
        engine = self.run.engine
        size = engine.model.input.batch or engine.largest_batch(self.image.shape[1:])
        return (range(start, min(start + size, count)) for start in range(0, count, size))

    def answers(self, make: Callable[[range], Array], count: int) -> Array:
        """Return what so many images answer, float64 (N,): the class's probability, or another target's value.

        `make` gives those of a range, (k, …), in order.
        """
        engine = self.run.engine
        return np.concatenate(
            [
                answers(engine, self.chosen, ran.found, ran.images)
                for ran in self._ran(make, count, tensors_for(engine, self.chosen))
            ]
        ).astype(np.float64)

    def scores(self, make: Callable[[range], Array], count: int) -> Array:
        """Return what is explained, at so many images, float64 (N,): of a class the score before the softmax."""
        tensor = self.chosen.resolved.tensor
        return np.concatenate(
            [self.chosen.scores(ran.found[tensor]) for ran in self._ran(make, count, (tensor,))]
        )

    def score(self, image: Array) -> float:
        """Return what is explained, at one (1, …) image."""
        return float(self.scores(lambda _: image, 1)[0])

    def _ran(self, make: Callable[[range], Array], count: int, tensors: tuple[str, ...]) -> Iterator[Ran]:
        image = self.image.shape[1:]
        batches = Batches(self.run, image, tensors, count=count, at_most=self.run.engine.usual_batch(image))
        return batches(range(count), make)


def plane_of(values: Array, *, picture: str, layout: str) -> Array:
    """Return how important each pixel is, float64 (*space), by one map of an image in the model's layout.

    Signed maps and heat are summed over channels, of others the magnitudes. What is not finite counts as 0.
    """
    axis = channel_axis(of_one(layout))
    known = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if picture not in SIGNED:
        known = np.abs(known)
    plane: Array = known if axis is None else known.sum(axis=axis)
    return plane


def over_channels(plane: Array, *, layout: str) -> Array:
    """Return a value per pixel so that it broadcasts over one image of the model's layout."""
    axis = channel_axis(of_one(layout))
    return plane if axis is None else np.expand_dims(plane, axis)


def random_plane(size: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Return a map that knows nothing: each pixel for itself, evenly from 0 to 1."""
    return generator.random(size)


def gaussian_plane(size: tuple[int, ...]) -> Array:
    """Return a map that knows that photographs have their object in the middle: σ is a quarter of each side."""
    total = np.zeros(size)
    for axis, side in enumerate(size):
        places = (np.arange(side) - (side - 1) / 2) / max(side / 4, 1e-9)
        along = [1] * len(size)
        along[axis] = side
        total = total + places.reshape(along) ** 2
    found: Array = np.exp(-total / 2)
    return found


def spearman(one: Array, other: Array) -> float:
    """Return the rank correlation of two planes, ties at their mean rank; NaN where one of them is all the same."""
    first, second = (_ranks(plane.reshape(-1)) for plane in (one, other))
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / norm if norm else float("nan")


def _ranks(values: Array) -> Array:
    _, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Array = (last - (counts - 1) / 2)[back].astype(np.float64)
    return ranks
