"""What a tensor of the front holds: per channel, a pixel's value times a factor, plus a shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Constant = npt.NDArray[np.generic]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Channel:
    """Values that are factor · x + shift, with x of one channel of the input."""

    source: int
    """Which channel of the input."""
    factor: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class Front:
    """A tensor whose values are the image's, changed channel by channel."""

    rank: int
    axis: int | None
    """Where its channels lie; None where they are mixed along other axes, or there is one and no axis for it."""
    channels: tuple[Channel, ...]

    @property
    def factors(self) -> Numbers:
        """The factor of each channel."""
        return np.array([one.factor for one in self.channels])

    @property
    def shifts(self) -> Numbers:
        """The shift of each channel."""
        return np.array([one.shift for one in self.channels])

    @property
    def is_pixels(self) -> bool:
        """Whether the values are those of the input."""
        return all(one.factor == 1.0 and one.shift == 0.0 for one in self.channels)

    def back(self, values: Numbers) -> Numbers:
        """Return what values of each channel are in the input: x where factor · x + shift is the value."""
        factors = self.factors
        return np.where(factors == 0, np.nan, (values - self.shifts) / np.where(factors == 0, 1.0, factors))

    def scaled(self, by: Numbers) -> Front | None:
        """Return it times one number, or one per channel; None where there are as many as fit neither."""
        return self._each(
            by, lambda one, number: replace(one, factor=one.factor * number, shift=one.shift * number)
        )

    def shifted(self, by: Numbers) -> Front | None:
        """Return it plus one number, or one per channel; None where there are as many as fit neither."""
        return self._each(by, lambda one, number: replace(one, shift=one.shift + number))

    def pick(self, indices: Sequence[int]) -> Front:
        """Return the tensor with these of its channels, in this order."""
        return replace(self, channels=tuple(self.channels[index] for index in indices))

    def spread(self, constant: Constant) -> tuple[Front, Numbers] | None:
        """Return it as a constant is broadcast against it, and the constant's value per channel.

        That is the mean over all else; None where the channels do not fit.
        """
        array = np.asarray(constant, np.float64)
        rank = max(self.rank, array.ndim)
        array = array.reshape((1,) * (rank - array.ndim) + array.shape)
        front = replace(self, rank=rank, axis=None if self.axis is None else self.axis + rank - self.rank)
        if array.size == 1:
            return front, array.reshape(1)
        if front.axis is None:
            front = _given_axis(front, array.shape)
        if front.axis is None:
            return front, np.array([array.mean()])
        others = tuple(axis for axis in range(rank) if axis != front.axis)
        numbers = array.mean(axis=others)
        if len(front.channels) == 1 and len(numbers) > 1:
            front = replace(front, channels=front.channels * len(numbers))
        return (front, numbers) if len(numbers) in (1, len(front.channels)) else None

    def _each(self, numbers: Numbers, change: Callable[[Channel, float], Channel]) -> Front | None:
        if len(numbers) not in (1, len(self.channels)):
            return None
        changed = np.broadcast_to(numbers, len(self.channels))
        return replace(
            self,
            channels=tuple(
                change(one, float(number)) for one, number in zip(self.channels, changed, strict=True)
            ),
        )


def _given_axis(front: Front, shape: Sequence[int]) -> Front:
    """Take the only axis along which a constant differs for that of a channel that had none."""
    wide = [axis for axis, size in enumerate(shape) if size > 1]
    if len(front.channels) > 1 or len(wide) != 1 or shape[wide[0]] > 4:
        return front
    return replace(front, axis=wide[0])
