"""Attacks: steps along the sign of a gradient, within a bound around each image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inspector.engine.run import Run
from inspector.methods.synthesis.aims import Aims
from inspector.types.arrays import Array
from inspector.types.dtypes import saturated


@dataclass(frozen=True, eq=False)
class Ball:
    """Where images may go: from `low` to `high`, values that the model's type holds exactly, as float64."""

    low: Array
    high: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """How an attack goes: its steps, how long each is (over the images), and where it begins."""

    steps: int
    size: Array
    start: Array
    """Of each image, relative to it."""


def ball(x: Array, bound: Array, ends: tuple[Array, Array] | None) -> Ball:
    """Return the images that differ from (N, …) `x` by at most `bound`, within the ends that pictures have.

    The ends are rounded inward to the type, so that no rounding leads beyond the bound.
    """
    middle = x.astype(np.float64)
    low, high = middle - bound, middle + bound
    if ends is not None:  # an image that is beyond them itself may stay where it is
        low, high = (
            np.maximum(low, np.minimum(ends[0], middle)),
            np.minimum(high, np.maximum(ends[1], middle)),
        )
    return Ball(_inward(low, x, up=True), _inward(high, x, up=False))


def _inward(end: Array, x: Array, *, up: bool) -> Array:
    """Return float64 ends as values of the type of `x`, none of them further from `x` than it was."""
    kind = x.dtype
    if kind.kind in "iu":
        whole = np.ceil(end) if up else np.floor(end)
        return saturated(whole, kind.name).astype(np.float64)
    held = saturated(end, kind.name)
    is_beyond = held.astype(np.float64) < end if up else held.astype(np.float64) > end
    if is_beyond.any():
        held = np.where(is_beyond, np.nextafter(held, x), held)
    return held.astype(np.float64)


def attacked(
    run: Run,
    x: Array,
    aims: Aims,
    *,
    within: Ball,
    way: Way,
    tell: Callable[[int, Array], None],
) -> tuple[Array, Sequence[int]]:
    """Return, of all images on each one's way, the one that is closest to its aim, (N, …) in the type of `x`.

    Steps are taken by the sign of the aim's gradient, from where the last one ended in real numbers: of a model that
    takes integers or half floats, small steps add up. Also those images to which no gradient came back.
    """
    here = np.clip(x.astype(np.float64) + way.start, within.low, within.high)
    best, reached = x.copy(), np.full(len(x), -np.inf)
    lost = np.ones(len(x), np.bool_)

    def keep(shown: Array, rows: range, values: Array) -> None:
        found = aims.reached(values, rows)
        is_better = found > reached[rows.start : rows.stop]
        reached[rows.start : rows.stop][is_better] = found[is_better]
        best[rows.start : rows.stop][is_better] = shown[rows.start : rows.stop][is_better]

    for step in range(way.steps):
        shown = saturated(here, x.dtype.name)
        for rows, values, pullback in run.pullbacks(shown, source=aims.tensor, policy="gradient"):
            keep(shown, rows, values)
            gradient = pullback(aims.seeds(values, rows)).numpy().astype(np.float64)
            slope = np.sign(np.nan_to_num(gradient, nan=0.0))
            lost[rows.start : rows.stop] &= ~slope.reshape(len(slope), -1).any(axis=1)
            part = slice(rows.start, rows.stop)
            moved = here[part] + np.broadcast_to(way.size, here.shape)[part] * slope
            here[part] = np.clip(moved, within.low[part], within.high[part])
        tell(step + 1, best)
    shown = saturated(here, x.dtype.name)
    for rows, found in run.together(shown, [aims.tensor]):
        keep(shown, rows, found[aims.tensor])
    return best, np.flatnonzero(lost).tolist()
