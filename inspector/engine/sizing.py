"""Sizes of images that a model runs on, found by trying: multiples of a step, from some size on, or a few fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, floor, prod

Size = tuple[int, ...]
"""Of the axes of an image that a model leaves free, such as (height, width)."""

Works = Callable[[Size], bool]

STEPS = (2, 4, 8, 16, 32, 64, 128, 3, 6, 12, 24, 48, 96, 5, 10, 20, 40, 7, 14, 28, 56)
"""In the order in which they are tried: of those that divide each other, the smaller one first."""

COMMON = (
    28, 32, 48, 64, 80, 84, 96, 100, 112, 120, 128, 150, 160, 192, 200, 224, 227, 240, 256, 260, 288, 299, 300, 320,
    331, 352, 380, 384, 416, 448, 456, 480, 512, 513, 528, 600, 608, 640,
)  # fmt: skip
"""Sides of squares on which networks are trained."""

_LARGE = 320
"""Steps are looked for on images no larger than this: each try that succeeds is a whole run."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a model runs on."""

    nearest: tuple[Size, ...]
    """Sizes that were tried, the best for the image in question first."""
    step: int = 1
    offset: int = 0
    """Sizes that work are offset + step · n; a step of 1 with an offset says: from that size on; 0 is no rule."""


def find_sizes(given: Size, works: Works, *, known: tuple[int, int] | None = None) -> Sizes | None:
    """Return sizes near `given`, on which the model does not run, that it does run on; None where none is found.

    `known` is the step and the offset of an earlier answer. A step is right when an odd multiple of it works, which is
    no multiple of twice the step.
    """
    if known is not None and (found := _near(given, works, *known)) is not None:
        return found
    shrunk = _shrunk(given)
    if shrunk != given and works(tuple(side | 1 for side in shrunk)):
        return None  # it is too large, whatever its factors
    if shrunk == given and (found := _larger(given, works)) is not None:
        return found
    for offset in (0, 1):
        for step in STEPS:
            if offset and step % 4:
                continue
            odd = tuple(_odd_multiple(side, step) + offset for side in shrunk)
            if works(odd) and (found := _near(given, works, step, offset)) is not None:
                return found
    squares = [(side,) * len(given) for side in COMMON if works((side,) * len(given))]
    if not squares:
        return None
    squares.sort(key=lambda size: abs(prod(size) - prod(given)))
    return Sizes(nearest=tuple(squares[:3]), step=0)


def _shrunk(given: Size) -> Size:
    ratio = min(_LARGE / max(given), 1.0)
    return tuple(max(round(side * ratio), 1) for side in given)


def _odd_multiple(side: int, step: int) -> int:
    return step * max(2 * round((side / step - 1) / 2) + 1, 1)


def _larger(given: Size, works: Works) -> Sizes | None:
    """Return the smallest enlargement that works, where any odd size does that is large enough."""
    factors = [factor for factor in (2, 4, 8, 16) if max(given) * factor <= 2 * _LARGE]
    top = next((factor for factor in factors if works(_times(given, factor))), None)
    if top is None:
        return None
    low, high = 1.0, float(top)
    while (high - low) * min(given) > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if works(_times(given, middle)) else (middle, high)
    least = _times(given, high)
    return Sizes(nearest=(least,), offset=min(least))


def _times(size: Size, factor: float) -> Size:
    return tuple(round(side * factor) | 1 for side in size)


def _near(given: Size, works: Works, step: int, offset: int) -> Sizes | None:
    found = [size for size in dict.fromkeys(_roundings(given, step, offset)) if works(size)]
    return Sizes(nearest=tuple(found[:2]), step=step, offset=offset) if found else None


def _roundings(given: Size, step: int, offset: int) -> Iterator[Size]:
    """Yield the nearest multiples, then those above and below."""
    counts = [(side - offset) / step for side in given]
    for rounding in (lambda count: floor(count + 0.5), ceil, floor, lambda count: ceil(count) + 1):
        rounded = [rounding(count) for count in counts]
        yield tuple(step * max(count, 1) + offset for count in rounded)
