"""Sizes of images that a model runs on, found by trying: multiples of a step, from some size on, or a few fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, floor

Size = tuple[int, ...]
"""Of the axes of an image that a model leaves free, such as (height, width)."""

Works = Callable[[Size], bool]

FAMILIES = ((2, 4, 8, 16, 32, 64, 128), (3, 6, 12, 24, 48, 96), (5, 10, 20, 40), (7, 14, 28, 56))
"""Steps of which each divides the next: where the last of a family fails, so do the others."""

SIDES = (32, 48, 64, 96, 128, 224, 256)
"""Heights (of lines of text, of spectrograms) that an image is scaled to, whole."""

SQUARES = (
    224, 256, 128, 64, 32, 28, 299, 96, 320, 384, 416, 512, 640, 112, 160, 192, 227, 240, 300, 331, 380, 448, 480, 600,
)  # fmt: skip
"""Sides of squares on which networks are trained, the most frequent ones first."""

_LARGE = 320
"""Steps are looked for on images no larger than this: each try that succeeds is a whole run."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a model runs on."""

    nearest: tuple[Size, ...]
    """Sizes that were tried, the best for the image in question first."""
    step: int = 0
    """What sides are multiples of, where that is more than 1; 1 where they only need to be large enough; 0: no rule."""
    offset: int = 0
    """What is added to the multiple."""


def find_sizes(given: Size, works: Works, *, known: Sizes | None = None) -> Sizes | None:
    """Return sizes near `given`, on which the model does not run, that it does run on; None where none is found.

    `known` is an earlier answer for the same model.
    """
    if known is not None and (found := _again(given, works, known)) is not None:
        return found
    shrunk = _shrunk(given)
    if shrunk != given and _works_anyhow(shrunk, works):
        return _scaled(given, works)  # it is too large, whatever its factors
    if shrunk == given and (found := _larger(given, works)) is not None:
        return found
    for steps, offset in [*((family, 0) for family in FAMILIES), (FAMILIES[0][2:], 1)]:
        step = _smallest(steps, lambda step: _is_enough(step, offset, shrunk, works))  # noqa: B023 — called here
        if step is not None and (found := _near(given, works, step, offset)) is not None:
            return found
    found = _scaled(given, works)
    if found is not None:
        return found
    square = next(((side,) * len(given) for side in SQUARES if works((side,) * len(given))), None)
    return None if square is None else Sizes(nearest=(square,))


def _again(given: Size, works: Works, known: Sizes) -> Sizes | None:
    if known.step > 1:
        return _near(given, works, known.step, known.offset)
    if known.step == 1:
        return None
    still = tuple(size for size in known.nearest if works(size))
    return _scaled(given, works) or (Sizes(nearest=still) if still else None)


def _shrunk(given: Size) -> Size:
    ratio = min(_LARGE / max(given), 1.0)
    return tuple(max(round(side * ratio), 1) for side in given)


def _is_enough(step: int, offset: int, size: Size, works: Works) -> bool:
    """Return whether two multiples of a step work that are of nothing more: odd ones, two steps apart."""
    counts = [max(2 * round((side / step - 1) / 2) + 1, 1) for side in size]
    return all(works(tuple(step * (count + more) + offset for count in counts)) for more in (0, 2))


def _smallest(steps: tuple[int, ...], is_enough: Callable[[int], bool]) -> int | None:
    """Return the first step that is enough, where all after it are: by halves."""
    if not is_enough(steps[-1]):
        return None
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(steps[middle]) else (middle + 1, high)
    return steps[high]


def _larger(given: Size, works: Works) -> Sizes | None:
    """Return the smallest enlargement that works, where any odd size does that is large enough."""
    factors = [factor for factor in (2, 4, 8, 16) if max(given) * factor <= 2 * _LARGE]
    top = next((factor for factor in factors if _works_anyhow(_times(given, factor), works)), None)
    if top is None:
        return None
    low, high = 1.0, float(top)
    while (high - low) * min(given) > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if works(_times(given, middle)) else (middle, high)
    return Sizes(nearest=(_times(given, high),), step=1)


def _works_anyhow(size: Size, works: Works) -> bool:
    """Return whether sizes work that have no factor in common."""
    return all(works(tuple((side | 1) + more for side in size)) for more in (0, 2))


def _times(size: Size, factor: float) -> Size:
    return tuple(round(side * factor) | 1 for side in size)


def _near(given: Size, works: Works, step: int, offset: int) -> Sizes | None:
    found = [size for size in dict.fromkeys(_roundings(given, step, offset)) if works(size)]
    return Sizes(nearest=tuple(found[:2]), step=step, offset=offset) if found else None


def _roundings(given: Size, step: int, offset: int) -> Iterator[Size]:
    """Yield the nearest multiples, then those above and below."""
    counts = [(side - offset) / step for side in given]
    for rounding in (lambda count: floor(count + 0.5), ceil, floor, lambda count: ceil(count) + 1):
        yield tuple(step * max(rounding(count), 1) + offset for count in counts)


def _scaled(given: Size, works: Works) -> Sizes | None:
    """Return the image scaled, about in its proportions, to the first usual heights that work."""
    found = []
    for side in sorted(SIDES, key=lambda side: abs(side - given[0])):
        size = (side, *(max(8 * round(other * side / given[0] / 8), 8) for other in given[1:]))
        if works(size):
            found.append(size)
        if len(found) == 2:
            break
    return Sizes(nearest=tuple(found)) if found else None
