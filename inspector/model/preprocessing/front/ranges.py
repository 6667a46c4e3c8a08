"""Which range of input values a graph is made for: what each piece of evidence allows, and what all of them leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from inspector.model.preprocessing.front.values import Front, Numbers
from inspector.types.presets import PRESETS


@dataclass(frozen=True)
class Range:
    """The values that pictures have at the input, and the preset that brings them there."""

    text: str
    low: float
    high: float
    preset: str

    @property
    def width(self) -> float:
        """From black to white."""
        return self.high - self.low

    @property
    def values(self) -> dict[str, Any]:
        """The scale, mean and std of the preset."""
        return {name: PRESETS[self.preset][name] for name in ("scale", "mean", "std")}


BYTES = Range("0..255", 0.0, 255.0, "0..255")
UNIT = Range("0..1", 0.0, 1.0, "0..1")
SIGNED = Range("-1..1", -1.0, 1.0, "-1..1")
STANDARD = Range("values standardized outside of it", -2.1, 2.6, "imagenet")
"""Standardized by somebody: by which mean and std, the graph cannot tell, so that it is never more than a guess."""

RANGES = (BYTES, UNIT, SIGNED, STANDARD)
"""In the order in which they are guessed, where several are possible: the rarer ones last."""

Evidence = frozenset[Range]
"""The ranges that a piece of evidence allows; empty where it says nothing."""

NOTHING: Evidence = frozenset()


def combined(evidence: Sequence[Evidence]) -> Evidence:
    """Return what all pieces allow that say something; where they contradict each other, what any of them allows."""
    said = [one for one in evidence if one]
    if not said:
        return NOTHING
    common = reduce(frozenset.intersection, said)
    return common or reduce(frozenset.union, said)


def contradict(evidence: Sequence[Evidence]) -> bool:
    """Return whether no range is allowed by all."""
    said = [one for one in evidence if one]
    return bool(said) and not reduce(frozenset.intersection, said)


def by_landing(front: Front) -> Evidence:
    """Return the ranges from which the front brings pixels to where networks have them: near 0, or to 0..255.

    The front takes a mean from pixels, −shift / factor, which lies among them: in 0..255 or 0..1, where a mean is at
    least 0, or in −1..1, where it is about 0 or lower (−1, for a front that leads to 0..1).
    """
    if front.is_pixels:
        return NOTHING
    return frozenset(one for one in (BYTES, UNIT, SIGNED) if _lands(front, one))


def _lands(front: Front, given: Range) -> bool:
    factors, shifts = front.factors, front.shifts
    if not np.all(np.isfinite(factors) & np.isfinite(shifts)) or np.any(factors == 0):
        return False
    ends = np.stack([factors * given.low + shifts, factors * given.high + shifts])
    spans, centers = np.abs(ends[1] - ends[0]), np.abs(ends.mean(axis=0))
    of_bytes = bool(np.all((spans > 230) & (spans < 280)))
    if not of_bytes and not np.all((spans > 0.8) & (spans < 12)):
        return False
    if of_bytes and given is BYTES and not np.all(centers < 0.3 * spans):
        return False
    means, deviations = front.back(np.zeros(len(factors))), 1 / np.abs(factors)
    if np.all(np.abs(shifts) <= 1e-3 * spans):
        return True
    margin = 0.02 * given.width
    highest = 0.1 if given is SIGNED else given.high
    if not np.all((means >= given.low - margin) & (means <= highest + margin)):
        return False
    is_inside = (means > given.low + margin) & (means < given.high - margin)
    is_deviation = ~np.isclose(deviations, 1, rtol=0.05) & ~np.isclose(deviations, given.width, rtol=0.05)
    return bool(np.all(_is_possible(means, deviations, given) | ~is_inside | ~is_deviation))


def _is_possible(means: Numbers, deviations: Numbers, given: Range) -> npt.NDArray[np.bool_]:
    """Return where values of a range can have such a mean and deviation: σ² ≤ (μ − low)(high − μ)."""
    possible: npt.NDArray[np.bool_] = deviations**2 <= 1.1 * (means - given.low) * (given.high - means)
    return possible


def by_statistics(means: Numbers, deviations: Numbers) -> Evidence:
    """Return the ranges whose pictures can have these means and deviations per channel."""
    if not np.all(np.isfinite(means) & np.isfinite(deviations)):
        return NOTHING
    found = [
        one
        for one in (BYTES, UNIT, SIGNED)
        if np.all(_is_possible(means, deviations, one)) and np.all(deviations > 0.06 * one.width)
    ]
    if SIGNED in found and not (np.all(means < 0.1) or np.all(deviations > 0.4)):
        found.remove(SIGNED)
    if np.all(np.abs(means) < 0.6) and np.all((deviations > 0.62) & (deviations < 1.6)):
        found.append(STANDARD)
    return frozenset(found)


def by_bounds(low: float, high: float) -> Evidence:
    """Return the range that a Clip's bounds (in the input's values) are those of, else those that it does not cut."""
    for one in (BYTES, UNIT, SIGNED):
        if abs(low - one.low) <= 0.02 * one.width and abs(high - one.high) <= 0.02 * one.width:
            return frozenset({one})
    return frozenset(
        one for one in RANGES if low <= one.low + 0.1 * one.width and high >= one.high - 0.1 * one.width
    )


def by_calibration(low: float, high: float) -> Evidence:
    """Return the range in which a quantizer saw the input's values."""
    for one in (BYTES, UNIT, SIGNED):
        if (
            abs(low - one.low) <= 0.04 * one.width
            and -0.25 * one.width <= high - one.high <= 0.04 * one.width
        ):
            return frozenset({one})
    if -3.2 < low < -1.2 and 1.2 < high < 3.6:
        return frozenset({STANDARD})
    return NOTHING


CHANNEL_MEANS = ((123.675, 116.28, 103.53), (123.68, 116.779, 103.939), (122.77, 116.75, 104.09))
"""In 0..255, red first: of ImageNet by torchvision and by Caffe, and of CLIP."""


def color_order(front: Front, given: Range) -> str | None:
    """Return "RGB" or "BGR" where the means that the front takes from the input's channels are known ones."""
    if len({one.source for one in front.channels}) != 3 or len(front.channels) != 3 or front.is_pixels:
        return None
    means = (front.back(np.zeros(3)) - given.low) / given.width * 255
    by_source = np.array(
        [mean for _, mean in sorted(zip((c.source for c in front.channels), means, strict=True))]
    )
    for known in CHANNEL_MEANS:
        for name, order in (("RGB", known), ("BGR", known[::-1])):
            if np.all(np.abs(by_source - order) < 1.0):
                return name
    return None
