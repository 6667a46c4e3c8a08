"""What is known of two tensors' difference once all images went by, of which only sums are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.types.arrays import Array

LEAST = 1e-5
"""The root mean square that a tensor has at least, as errors count: of one that is 0, any is large."""
_AT_ONCE = 1 << 20
"""Elements that are compared at a time, in float64."""


@dataclass(kw_only=True)
class Broken:
    """How many of one tensor's values are no finite numbers where the other has something else."""

    nan: int = 0
    infinite: int = 0

    def add(self, values: Array, others: Array) -> None:
        """Count values beside those of the other tensor at the same places."""
        nan, infinite = np.isnan(values), np.isinf(values)
        self.nan += int(np.count_nonzero(nan & ~np.isnan(others)))
        self.infinite += int(np.count_nonzero(infinite & (values != others)))

    def __str__(self) -> str:
        """Say how many; empty for none."""
        counts = ((self.nan, "NaN"), (self.infinite, "infinite"))
        return " and ".join(
            f"{count:,} {'is' if count == 1 else 'are'} {what}" for count, what in counts if count
        )


class Sums:
    """Sums over the elements of tensors a of the model and b of the baseline, image by image. All in float64."""

    def __init__(self) -> None:
        self._images: list[tuple[float, ...]] = []
        self._ends = [np.inf, -np.inf, np.inf, -np.inf]
        self._channels: Array | None = None
        self.broken = 0
        """Elements that are NaN or infinite in one of both, and not the same in the other."""
        self.own_broken, self.other_broken = Broken(), Broken()
        """What those are in a, and in b."""
        self.largest = 0.0
        """max |a − b|, of what is finite in both."""
        self.at: tuple[float, float] = (0.0, 0.0)
        """a and b where they differ most: at the first place where one of both is broken, if there is one."""

    def add(self, ours: Array, theirs: Array) -> None:
        """Take some images' values, (N, …) each, channels first; ValueError where their shapes differ."""
        if ours.shape != theirs.shape:
            raise ValueError(f"{ours.shape} is not {theirs.shape}.")
        for one, two in zip(ours, theirs, strict=True):
            self._images.append(self._image(one, two))

    def _image(self, ours: Array, theirs: Array) -> tuple[float, ...]:
        rows = ours.shape[0] if ours.ndim > 1 else 1
        ours, theirs = ours.reshape(rows, -1), theirs.reshape(rows, -1)
        total, channels = np.zeros(6), np.zeros(rows)
        step = max(1, _AT_ONCE // max(ours.shape[1], 1))
        for start in range(0, rows, step):
            a = ours[start : start + step].astype(np.float64)
            b = theirs[start : start + step].astype(np.float64)
            apart = self._apart(a, b)
            channels[start : start + step] = np.einsum("ij,ij->i", apart, apart)
            total += np.asarray([a.size, a.sum(), b.sum(), _dot(a, a), _dot(b, b), _dot(a, b)])
        if self._channels is None:
            self._channels = channels
        elif len(self._channels) == rows:
            self._channels += channels
        else:  # such as boxes of pictures of several sizes: there are no channels
            self._channels = np.zeros(0)
        return (*total.tolist(), float(channels.sum()))

    def _apart(self, a: Array, b: Array) -> Array:
        """Return a − b; what is not finite in either becomes 0 in all of them, and is counted where it differs."""
        known = np.isfinite(a) & np.isfinite(b)
        if not known.all():
            with np.errstate(invalid="ignore"):
                differ = ~known & ~((a == b) | (np.isnan(a) & np.isnan(b)))
                self.own_broken.add(a, b)
                self.other_broken.add(b, a)
            if differ.any() and not self.broken:
                place = int(differ.argmax())
                self.at = float(a.flat[place]), float(b.flat[place])
            self.broken += int(np.count_nonzero(differ))
            a[~known] = b[~known] = 0
        apart: Array = a - b
        if a.size:
            ends = self._ends
            self._ends = [
                min(ends[0], a.min()),
                max(ends[1], a.max()),
                min(ends[2], b.min()),
                max(ends[3], b.max()),
            ]
            place = int(np.abs(apart).argmax())
            if abs(apart.flat[place]) > self.largest:
                self.largest = float(abs(apart.flat[place]))
                if not self.broken:
                    self.at = float(a.flat[place]), float(b.flat[place])
        return apart

    @property
    def images(self) -> int:
        """How many images were taken."""
        return len(self._images)

    @property
    def own_range(self) -> tuple[float, float]:
        """The least and the greatest of the model's values."""
        return float(self._ends[0]), float(self._ends[1])

    @property
    def other_range(self) -> tuple[float, float]:
        """The least and the greatest of the baseline's values."""
        return float(self._ends[2]), float(self._ends[3])

    @property
    def relative_error(self) -> float:
        """‖a − b‖ / ‖b‖ over all images; infinite where numbers are broken. ‖b‖ counts as `LEAST` at least."""
        return self._relative(self._totals)

    @property
    def relative_errors(self) -> Array:
        """The same for each image, float64 (N,)."""
        return np.asarray([self._relative(np.asarray(one)) for one in self._images])

    @property
    def cosine(self) -> float:
        """a·b / (‖a‖·‖b‖) over all images; 1 of two that are 0, NaN where numbers are broken."""
        return self._cosine(self._totals)

    @property
    def cosines(self) -> Array:
        """The same for each image, float64 (N,)."""
        return np.asarray([self._cosine(np.asarray(one)) for one in self._images])

    @property
    def signal_to_noise(self) -> float:
        """10·log₁₀(‖b‖² / ‖a − b‖²), in dB; infinite where both are the same."""
        error = self.relative_error
        with np.errstate(divide="ignore"):
            return float(-20 * np.log10(error))

    @property
    def correlation(self) -> float:
        """Pearson's, over all images; 0 where one of both is the same everywhere."""
        spread_a, spread_b, covariance, _, _ = self._moments
        norm = np.sqrt(spread_a * spread_b)
        return float(covariance / norm) if norm > 0 else 0.0

    @property
    def fit(self) -> tuple[float, float, float]:
        """k, c and the share of ‖a − b‖² that is left if a is taken for k·b + c, by least squares."""
        spread_a, spread_b, covariance, mean_a, mean_b = self._moments
        if spread_b <= 0:
            return 1.0, mean_a - mean_b, 0.0 if spread_a <= 0 else 1.0
        slope = covariance / spread_b
        error = float(self._totals[6]) / max(float(self._totals[0]), 1.0)
        left = max(spread_a - slope * covariance, 0.0) / error if error else 0.0
        return float(slope), float(mean_a - slope * mean_b), float(left)

    @property
    def worst_channels(self) -> tuple[list[int], float]:
        """The fewest channels that hold most of ‖a − b‖², at most an eighth of all, and the share that they hold."""
        if self._channels is None or len(self._channels) < 8 or not self._channels.sum():
            return [], 0.0
        order = np.argsort(-self._channels, kind="stable")
        share = np.cumsum(self._channels[order]) / self._channels.sum()
        count = int(np.searchsorted(share, 0.8)) + 1
        if count > max(1, len(order) // 8):
            return [], 0.0
        return order[:count].tolist(), float(share[count - 1])

    @property
    def _totals(self) -> Array:
        return np.asarray(self._images).sum(axis=0) if self._images else np.zeros(7)

    @property
    def _moments(self) -> tuple[float, float, float, float, float]:
        """var a, var b, cov, mean a, mean b."""
        count, a, b, aa, bb, ab, _ = self._totals.tolist()
        count = max(count, 1.0)
        mean_a, mean_b = a / count, b / count
        return (
            aa / count - mean_a**2,
            bb / count - mean_b**2,
            ab / count - mean_a * mean_b,
            mean_a,
            mean_b,
        )

    def _relative(self, sums: Array) -> float:
        if self.broken:
            return float("inf")
        if not sums[0]:
            return 0.0
        return float(np.sqrt(sums[6]) / max(np.sqrt(sums[4]), LEAST * np.sqrt(sums[0])))

    def _cosine(self, sums: Array) -> float:
        if self.broken:
            return float("nan")
        norms = float(np.sqrt(sums[3]) * np.sqrt(sums[4]))
        if norms:
            return float(sums[5] / norms)
        return 1.0 if sums[3] == sums[4] else 0.0


def _dot(a: Array, b: Array) -> float:
    """Return Σ a·b, by this thread alone: BLAS would wake others for what takes a millisecond."""
    return float(np.einsum("ij,ij->", a, b))
