"""What an attack on images aims at: that a class wins, or that one loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.model.heads.head import Head
from inspector.resolve.classes import by_class, even
from inspector.resolve.probabilities import softmax
from inspector.types.arrays import Array


@dataclass(frozen=True, eq=False)
class Aims:
    """One class for each of N images, and whether it is to win (1) or to lose (−1)."""

    head: Head
    classes: Array
    """int64 (N,)."""
    signs: Array
    """int64 (N,): 1 or −1."""

    @property
    def tensor(self) -> str:
        """Where the scores are."""
        return self.head.scores

    def part(self, rows: Sequence[int] | slice) -> Aims:
        """Return the aims of some of the images."""
        return Aims(self.head, self.classes[rows], self.signs[rows])

    def reached(self, scores: Array, rows: range) -> Array:
        """Return how far the aims of some images are reached, float64 (n,): above 0 they are.

        Of classes of which one holds it is the distance from the strongest of the others, of labels that from even.
        """
        z = by_class(self.head, scores.astype(np.float64))
        z = z.reshape(*z.shape[:2], -1)
        index, sign = self.classes[rows.start : rows.stop], self.signs[rows.start : rows.stop]
        row = np.arange(len(z))
        own = z[row, index]
        if self.head.is_set:
            other: Array = np.full_like(own, even(self.head))
        else:
            others = z.copy()
            others[row, index] = -np.inf
            if self.head.background is not None:
                others[:, self.head.background] = -np.inf
            other = others.max(axis=1)
        found: Array = sign * (own - other).mean(axis=1)
        return np.asarray(np.nan_to_num(found, nan=-np.inf))

    def seeds(self, scores: Array, rows: range) -> Array:
        """Return the signals that start at the scores, (n, *scores): the gradient of ± log p, at most 1 everywhere.

        Its size does not matter to a step along its sign, and of a class that is as good as certain it would be 0 to a
        half float. Where the scores are probabilities themselves, it is that of ± p.
        """
        z = by_class(self.head, scores.astype(np.float64))
        index, sign = self.classes[rows.start : rows.stop], self.signs[rows.start : rows.stop]
        row = np.arange(len(z))
        if self.head.is_set or self._are_probabilities:
            slope = np.zeros_like(z)
            slope[row, index] = 1.0
        else:
            slope = -softmax(z, axis=1)
            slope[row, index] = 0.0
            slope[row, index] = -slope.sum(axis=1)
        lead = [-1, *[1] * (z.ndim - 1)]
        largest = np.abs(slope).reshape(len(z), -1).max(axis=1).reshape(lead)
        slope = slope * sign.reshape(lead) / np.where(largest > 0, largest, 1.0)
        if self.head.axis is None or scores.ndim < 1 - self.head.axis:
            slope = slope[:, 0]
        else:
            slope = np.moveaxis(slope, 1, self.head.axis)
        return np.nan_to_num(slope, nan=0.0).astype(np.float32)

    @property
    def _are_probabilities(self) -> bool:
        return self.head.holds_probabilities and self.head.scores == self.head.output
