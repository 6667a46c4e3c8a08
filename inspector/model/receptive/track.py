"""One axis of the image followed through the graph: which pixels each index of a tensor's axis sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from math import ceil

import numpy as np
import numpy.typing as npt

from inspector.types.receptive_field import AxisField

Indices = npt.NDArray[np.int64]
Places = npt.NDArray[np.float64]

NOTHING = -1
"""An index that reads no input: padding, or a hole between the steps of a transposed convolution."""
_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Affine:
    """Index i sees the pixels from stride·i + first to stride·i + last."""

    stride: Fraction
    first: Fraction
    last: Fraction

    def read(self, step: Fraction, low: Fraction, high: Fraction) -> Affine:
        """Return the formula where index o reads the indices from step·o + low to step·o + high of this one."""
        ends = (self.stride * low, self.stride * high)
        return Affine(stride=self.stride * step, first=self.first + min(ends), last=self.last + max(ends))


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """The windows along one image axis; what a rule cannot follow is widened, never narrowed."""

    extent: int | None
    """The image's size along this axis; None where it is free."""
    windows: npt.NDArray[np.int64] | None
    """(units, 2): first and last pixel of each unit; one unit where the tensor has no such axis. None if free."""
    affine: Affine | None
    """None where the units follow no formula, or all see the same."""
    places: Places | None = None
    """(units,): where each unit stands, in pixels: the middle of what it reads along the way that it was made on.

    What a unit sees besides by way of the whole image, as through a gate or a normalization, does not move it. NaN
    where a unit was made of nothing. None where the size is free, or the places are not known."""

    @classmethod
    def of_image(cls, extent: int | None) -> Track:
        """Return the track of the image itself: index i sees pixel i."""
        zero = Fraction(0)
        pixels = None if extent is None else np.repeat(np.arange(extent, dtype=np.int64)[:, None], 2, axis=1)
        return cls(
            extent=extent,
            windows=pixels,
            affine=Affine(stride=Fraction(1), first=zero, last=zero),
            places=None if extent is None else np.arange(extent, dtype=np.float64),
        )

    @property
    def units(self) -> int | None:
        """How many indices the axis has; None where the image's size is free."""
        return None if self.windows is None else len(self.windows)

    def read(self, taps: Iterable[Indices] | None, *, step: Fraction, low: Fraction, high: Fraction) -> Track:
        """Return the track of an operator that reads this one.

        Each array of `taps` has, per output index, an input index that it reads, or one out of range for
        none. For the formula, output o reads from step·o + low to step·o + high.
        """
        affine = self.affine.read(step, low, high) if self.affine is not None else None
        windows = None
        if self.windows is not None and taps is not None:
            windows = _hulls(self.windows, taps)
        places = None
        if self.places is not None and windows is not None:
            indices = float(step) * np.arange(len(windows), dtype=np.float64) + float(low + high) / 2
            places = _between(self.places, indices)
        return Track(extent=self.extent, windows=windows, affine=affine, places=places)

    def pick(self, indices: Indices | None) -> Track:
        """Return the track whose unit o is this one's unit indices[o], without a formula."""
        if self.windows is None or indices is None:
            return Track(extent=self.extent, windows=None, affine=None)
        places = None
        if self.places is not None:
            valid = (indices >= 0) & (indices < len(self.places))
            places = np.where(valid, self.places[np.where(valid, indices, 0)], np.nan)
        return Track(extent=self.extent, windows=_hulls(self.windows, [indices]), affine=None, places=places)

    def gathered(self, indices: Indices) -> Track:
        """Return the track whose unit o sees what this one's units indices[o, …] see together; (units, n) indices."""
        windows = self.windows
        if windows is not None:
            windows = np.stack(
                [windows[indices, 0].min(axis=1, initial=_FAR), windows[indices, 1].max(axis=1, initial=-1)],
                axis=1,
            )
        return Track(extent=self.extent, windows=windows, affine=None)

    @property
    def width(self) -> int:
        """How many indices all units see, each counted for every unit that sees it."""
        windows = np.empty((0, 2), np.int64) if self.windows is None else self.windows
        return int(np.maximum(windows[:, 1] - windows[:, 0] + 1, 0).sum())

    def collapse(self) -> Track:
        """Return one unit that sees what all units of this track see together."""
        places = None if self.places is None else np.array([_mean(self.places)])
        return Track(extent=self.extent, windows=self._hull(), affine=None, places=places)

    def spread(self) -> Track:
        """Return as many units as before, each of which sees what all see together."""
        hull = self._hull()
        windows = None if hull is None or self.windows is None else np.repeat(hull, len(self.windows), axis=0)
        return Track(extent=self.extent, windows=windows, affine=None, places=self.places)

    def running(self, *, reverse: bool, exclusive: bool) -> Track:
        """Return as many units, each of which sees what it and all before (after, where `reverse`) see together."""
        if self.windows is None:
            return self.spread()
        windows = self.windows[::-1] if reverse else self.windows
        low, high = np.minimum.accumulate(windows[:, 0]), np.maximum.accumulate(windows[:, 1])
        seen = np.stack([low, high], axis=1)
        if exclusive:
            seen = np.concatenate([np.array([[_FAR, -1]], np.int64), seen[:-1]])
        return Track(
            extent=self.extent, windows=seen[::-1] if reverse else seen, affine=None, places=self.places
        )

    def without_formula(self) -> Track:
        """Return the same windows with no formula for them, each unit in the middle of its own."""
        places = None if self.windows is None else self.windows.mean(axis=1)
        return Track(extent=self.extent, windows=self.windows, affine=None, places=places)

    @cached_property
    def axis_field(self) -> AxisField:
        """Return the public form."""
        windows = None if self.windows is None else tuple(zip(*self.windows.T.tolist(), strict=True))
        if self.affine is not None:
            size = ceil(self.affine.last - self.affine.first) + 1
            stride, offset = self.affine.stride, self.affine.first
        elif self.windows is not None and len(self.windows):
            sizes = self.windows[:, 1] - self.windows[:, 0] + 1
            size, stride, offset = (
                max(0, int(sizes.max())),
                Fraction(0),
                Fraction(max(0, int(self.windows[:, 0].min()))),
            )
        else:
            size, stride, offset = 0, Fraction(0), Fraction(0)
        return AxisField(size=size, stride=stride, offset=offset, extent=self.extent, windows=windows)

    def _hull(self) -> npt.NDArray[np.int64] | None:
        return None if self.windows is None else _as_hull(self.windows)


def union(tracks: Sequence[Track]) -> Track:
    """Return what the units of several tracks see together; a track of one unit is seen by all."""
    return reduce(lambda seen, track: _union_of_two(track, seen), reversed(tracks))


def concatenate(tracks: Sequence[Track]) -> Track:
    """Return the units of several tracks one after the other."""
    parts = [track.windows for track in tracks]
    known = [part for part in parts if part is not None]
    windows = np.concatenate(known) if len(known) == len(parts) else None
    standing = [track.places for track in tracks if track.places is not None]
    places = np.concatenate(standing) if len(standing) == len(parts) else None
    return Track(extent=tracks[0].extent, windows=windows, affine=None, places=places)


def blind(units: int, extent: int | None) -> Track:
    """Return units that see nothing of the image: a constant that stands beside what was computed from it."""
    windows = np.repeat(np.array([[_FAR, -1]], np.int64), units, axis=0)
    return Track(
        extent=extent,
        windows=None if extent is None else windows,
        affine=None,
        places=None if extent is None else np.full(units, np.nan),
    )


def sliced(track: Track, start: int, end: int, step: int) -> Track:
    """Return every `step`-th unit from `start` to before `end`, counted as ONNX counts (Slice)."""
    if track.units is not None:
        indices = np.arange(track.units, dtype=np.int64)[slice(*_bounds(start, end, step))]
        if not len(indices):
            return track.collapse()
        first = int(indices[0])
        return track.read([indices], step=Fraction(step), low=Fraction(first), high=Fraction(first))
    if start < 0 or step < 0:
        return track.collapse()
    return track.read(None, step=Fraction(step), low=Fraction(start), high=Fraction(start))


def _bounds(start: int, end: int, step: int) -> tuple[int, int | None, int]:
    """Bring ONNX's "to the start" of a negative step (a very negative end) to Python's None."""
    return start, None if step < 0 and end < -(2**31) + 2 else end, step


def _union_of_two(one: Track, other: Track) -> Track:
    if one is other:
        return one
    if one.windows is None or other.windows is None:
        windows = None
    else:
        a, b = one.windows, other.windows
        if len(a) != len(b) and 1 not in (len(a), len(b)):
            a, b = _as_hull(a), _as_hull(b)
        windows = np.stack([np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 1], b[:, 1])], axis=1)
    affine = None
    if one.affine is not None and other.affine is not None and one.affine.stride == other.affine.stride:
        affine = Affine(
            stride=one.affine.stride,
            first=min(one.affine.first, other.affine.first),
            last=max(one.affine.last, other.affine.last),
        )
    return Track(
        extent=one.extent, windows=windows, affine=affine, places=_common_places(one.places, other.places)
    )


def _common_places(one: Places | None, other: Places | None) -> Places | None:
    """Return where units stand that are made of two: of a track that stands still or has one unit, nothing is taken."""
    if one is None or other is None:
        return None
    if is_still(other):
        return other if len(other) > len(one) and is_still(one) else one
    if is_still(one):
        return other
    return (one + other) / 2 if len(one) == len(other) else None


def is_still(places: Places) -> bool:
    """Return whether all units stand at one place, so that their order says nothing of where they are."""
    known = places[np.isfinite(places)]
    return bool(known.size < 2 or np.ptp(known) == 0)


def _mean(places: Places) -> float:
    known = places[np.isfinite(places)]
    return float(known.mean()) if known.size else np.nan


def _between(places: Places, indices: Places) -> Places:
    """Return where fractions of indices stand; what lies before the first or after the last, at the end's own pace."""
    known = np.flatnonzero(np.isfinite(places))
    if known.size < 2:
        return np.full(len(indices), places[known[0]] if known.size else np.nan)
    found: Places = np.interp(indices, known, places[known])
    for near, far, is_outside in (
        (known[0], known[1], indices < known[0]),
        (known[-1], known[-2], indices > known[-1]),
    ):
        pace = (places[far] - places[near]) / (far - near)
        found[is_outside] = places[near] + (indices[is_outside] - near) * pace
    return found


def _as_hull(windows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.array([[windows[:, 0].min(initial=_FAR), windows[:, 1].max(initial=-1)]], np.int64)


def _hulls(windows: npt.NDArray[np.int64], taps: Iterable[Indices]) -> npt.NDArray[np.int64]:
    result: npt.NDArray[np.int64] | None = None
    for indices in taps:
        if result is None:
            result = np.repeat(np.array([[_FAR, -1]], np.int64), len(indices), axis=0)
        valid = (indices >= 0) & (indices < len(windows))
        seen = windows[indices[valid]]
        result[valid, 0] = np.minimum(result[valid, 0], seen[:, 0])
        result[valid, 1] = np.maximum(result[valid, 1], seen[:, 1])
    return np.empty((0, 2), np.int64) if result is None else result
