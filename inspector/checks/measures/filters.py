"""What can be told of the filters of convolutions by their weights alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.methods.figures.filters import aliased_share, impulse_share, most_alike, root_mean_square
from inspector.model.kernels import Kernels, kernels_in
from inspector.resolve.rectifiers import Rectified, rectified
from inspector.types.arrays import Array
from inspector.types.layers import Layer


@dataclass(frozen=True, kw_only=True, eq=False)
class Filters:
    """The filters of one convolution, without their weights."""

    layer: Layer
    groups: int
    of_pixels: bool
    """Whether they are laid over the image."""
    strides: tuple[int, ...]
    extents: tuple[int, ...]
    """How many places a filter reaches over along each axis, gaps of a dilation included."""
    rms: Array
    """float64 (filters,): √(mean of w²), times what a normalization behind makes of it; NaN where w is not finite."""
    are_zero: Array
    """bool (filters,): all weights are 0."""
    alike: Array
    """float64 (filters,): the largest correlation with another filter of the group; NaN where there is none."""
    twins: Array
    """int64 (filters,): which filter that is; −1 where there is none."""
    kept: float
    """The mean share of the filters' energy that a place in every few can carry; 1 where the stride is 1."""
    kept_of_impulse: float
    """The same of a single weight, which lets all frequencies through alike."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.rms)

    @property
    def is_depthwise(self) -> bool:
        """Whether every filter reads one channel of its own: then their sizes differ with the channels'."""
        return self.groups > 1 and self.groups == self.count


def filters(examination: Examination) -> tuple[Filters, ...]:
    """Return what is told of all convolutions with constant filters, in graph order; SkippedError without one."""
    model = examination.model
    follows = rectified(model, [layer.output for layer in model.layers])
    found = tuple(_filters(one, follows.get(one.layer.output)) for one in kernels_in(model))
    if not found:
        raise SkippedError("the model has no convolution with constant filters.")
    return found


def _filters(one: Kernels, follow: Rectified | None) -> Filters:
    count = len(one.weights)
    finite = np.asarray(np.isfinite(one.weights.reshape(count, -1)).all(axis=1))
    if not finite.all():  # of those nothing can be told; the rule about weights tells that
        shown = finite.reshape(count, *[1] * (one.weights.ndim - 1))
        one = replace(one, weights=np.where(shown, one.weights, np.zeros((), one.weights.dtype)))
    rms = np.where(finite, root_mean_square(one.weights), np.nan)
    if follow is not None and follow.gain is not None and follow.gain.size in (1, count):
        rms = rms * np.abs(follow.gain)
    alike, twins = most_alike(one.weights, groups=one.groups)
    kept = 1.0
    if max(one.strides) > 1 and not one.is_transposed:
        share = aliased_share(one.weights, strides=one.strides, dilations=one.dilations)
        known = share[np.isfinite(share)]
        kept = 1 - float(known.mean()) if known.size else 1.0
    return Filters(
        layer=one.layer,
        groups=one.groups,
        of_pixels=one.of_pixels,
        strides=(1,) * len(one.strides) if one.is_transposed else one.strides,
        extents=tuple(
            (size - 1) * gap + 1 for size, gap in zip(one.weights.shape[2:], one.dilations, strict=True)
        ),
        rms=rms,
        are_zero=np.asarray(finite & np.all(one.weights.reshape(count, -1) == 0, axis=1)),
        alike=alike,
        twins=twins,
        kept=kept,
        kept_of_impulse=1.0 if one.is_transposed else 1 - impulse_share(one.strides),
    )
