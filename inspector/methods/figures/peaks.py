"""The strongest activations of every channel over any number of images; nothing else of them is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.types.arrays import Array

_NONE = -np.inf


@dataclass(frozen=True, kw_only=True)
class Peak:
    """One activation."""

    value: float
    image: int
    position: tuple[int, ...]
    """Of the unit in its map: the activation's axes but the channels'."""


class Peaks:
    """Keeps, for every channel, its `count` strongest activations, at most `per_image` of one image."""

    def __init__(self, *, count: int, per_image: int = 1) -> None:
        self._count, self._per_image = count, per_image
        self._values = np.empty((0, count), np.float64)
        self._images = np.empty((0, count), np.int64)
        self._places = np.empty((0, count), np.int64)
        """As `index of the map's shape`, and `index in the map` beside it in `_flat`."""
        self._flat = np.empty((0, count), np.int64)
        self._shapes: list[tuple[int, ...]] = []
        self.images = 0
        """How many were looked at."""
        self.not_finite = 0
        """How many maps had NaN or infinity: such places are left out."""
        self._sum = np.empty(0)
        self._squares = np.empty(0)

    @property
    def channels(self) -> int:
        """How many there are; 0 before the first images."""
        return len(self._values)

    def add(self, activations: Array, *, axis: int, images: range) -> None:
        """Look at the activations (N, …) of some images, whose channels lie along `axis`."""
        maps = np.moveaxis(activations, axis, 1)
        shape = maps.shape[2:]
        flat = maps.reshape(*maps.shape[:2], -1)
        if not self.channels:
            self._start(flat.shape[1])
        if shape not in self._shapes:
            self._shapes.append(shape)
        values, places = self._strongest(flat)
        self._count_in(values[:, :, 0])
        which = np.repeat(np.asarray(images), values.shape[2])
        new = values.transpose(1, 0, 2).reshape(self.channels, -1)
        spots = places.transpose(1, 0, 2).reshape(self.channels, -1)
        better = np.flatnonzero((new > self._values[:, -1:]).any(axis=1))
        if not better.size:
            return
        many = np.concatenate([self._values[better], new[better]], axis=1)
        order = np.argsort(-many, axis=1, kind="stable")[:, : self._count]
        kind = np.full_like(spots[better], self._shapes.index(shape))
        numbers = np.broadcast_to(which, kind.shape)
        self._values[better] = np.take_along_axis(many, order, 1)
        for kept, fresh in (
            (self._images, numbers), (self._flat, spots[better]), (self._places, kind),
        ):  # fmt: skip
            kept[better] = np.take_along_axis(np.concatenate([kept[better], fresh], axis=1), order, 1)

    def of(self, channel: int) -> tuple[Peak, ...]:
        """Return a channel's strongest activations, the strongest first; of equal ones, those that came first."""
        found = []
        for value, image, place, kind in zip(
            self._values[channel], self._images[channel], self._flat[channel], self._places[channel], strict=True
        ):  # fmt: skip
            if value != _NONE:
                position = np.unravel_index(int(place), self._shapes[kind]) if self._shapes[kind] else ()
                found.append(
                    Peak(value=float(value), image=int(image), position=tuple(int(one) for one in position))
                )
        return tuple(found)

    def outstanding(self, count: int) -> list[int]:
        """Return channels whose strongest activations stand out from their usual ones, each with images of its own.

        A channel's score is how many standard deviations of its maxima over the images its strongest lie above their
        mean. Channels come by their scores; one that shares more than half of its images with a chosen one waits until
        no others are left, and one that never fired comes last.
        """
        some = max(1, min(self._count, self.images // 4))
        top = np.where(np.isfinite(self._values[:, :some]), self._values[:, :some], 0).mean(axis=1)
        mean = self._sum / max(self.images, 1)
        spread = np.sqrt(np.maximum(self._squares / max(self.images, 1) - mean**2, 0))
        score = np.where(top > 0, (top - mean) / np.where(spread > 0, spread, np.inf), -1.0)
        order = np.lexsort((-top, -score))
        chosen: list[int] = []
        waiting: list[int] = []
        seen: list[set[int]] = []
        for channel in order.tolist():
            images = set(self._images[channel][np.isfinite(self._values[channel])].tolist())
            alike = any(2 * len(images & one) > len(images) for one in seen)
            if alike or top[channel] <= 0:
                waiting.append(channel)
                continue
            chosen.append(channel)
            seen.append(images)
            if len(chosen) == count:
                break
        return (chosen + waiting)[:count]

    def _start(self, channels: int) -> None:
        self._values = np.full((channels, self._count), _NONE)
        self._images = np.full((channels, self._count), -1, np.int64)
        self._places, self._flat = self._images.copy(), self._images.copy()
        self._sum, self._squares = np.zeros(channels), np.zeros(channels)

    def _strongest(self, flat: Array) -> tuple[Array, Array]:
        """Return the strongest values of each map (N, C, places), and where they are: (N, C, k), strongest first."""
        if self._per_image == 1:
            places = flat.argmax(axis=2)[..., None]
            values = np.take_along_axis(flat, places, 2).astype(np.float64)
            if np.isfinite(values).all():
                return values, places
        known = np.where(np.isfinite(flat), flat, _NONE)
        self.not_finite += int(np.count_nonzero(~np.isfinite(flat).all(axis=2)))
        places = np.argsort(-known, axis=2, kind="stable")[:, :, : self._per_image]
        return np.take_along_axis(known, places, 2).astype(np.float64), places

    def _count_in(self, maxima: Array) -> None:
        known = np.where(np.isfinite(maxima), maxima, 0)
        self.images += len(maxima)
        self._sum += known.sum(axis=0)
        self._squares += (known**2).sum(axis=0)
