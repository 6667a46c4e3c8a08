"""Unpooling by the place of each maximum: which way to write it (docs/benchmarks/backward.md)."""

from __future__ import annotations

import math
from enum import Enum

from inspector.grad.writing.window import Window

_LARGEST_TILE = 4
"""Elements: of larger windows so few are a maximum that comparing all of them costs more than it saves."""


class Unpooling(Enum):
    """How the first maximum of each window is found; all but SWITCHES compare x with y in the backward graph."""

    SWITCHES = "Indices of the forward pass, scattered"
    """MaxPool runs several times as long where it is asked for Indices, and no more in a blocked layout."""
    TILED = "y enlarged, compared with x"
    """For windows that tile the map."""
    APART = "rows, then columns, tap by tap"
    """For windows that move by one: the maximum of a window is that of its rows' maxima."""


def ways(window: Window) -> tuple[Unpooling, ...]:
    """Return the ways that a pooling can take."""
    if len(window.kernel) != 2 or set(window.dilations) != {1}:
        return (Unpooling.SWITCHES,)
    if window.kernel == window.strides:
        return (Unpooling.SWITCHES, Unpooling.TILED)
    if set(window.strides) == {1}:
        return (Unpooling.SWITCHES, Unpooling.APART)
    return (Unpooling.SWITCHES,)


def way_of(window: Window) -> Unpooling:
    """Return the way that was measured to be the fastest."""
    *_, best = ways(window)
    if best is Unpooling.TILED and math.prod(window.kernel) > _LARGEST_TILE:
        return Unpooling.SWITCHES
    return best
