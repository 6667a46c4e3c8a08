"""Where the numbers stand that say which class a box shows: of all boxes at once, before any image is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.kept import Kept
from inspector.engine.sized import shapes_of
from inspector.graph.elements import Traced, TracedApart, trace_apart
from inspector.model.heads.head import Boxes, Columns
from inspector.types.arrays import Array

_MOST = 1 << 22
"""Numbers of an output, above which each is followed alone, when it is asked for."""
_MOST_SIZES = 4
"""Of images, where a model leaves them free: what is kept of each may be as large as the outputs."""
_MOST_TENSORS = 16
"""From which the numbers of one output come; more are not fetched beside it."""


@dataclass(frozen=True, kw_only=True)
class ClassElements:
    """Of one output: its class numbers, traced back to before a final Sigmoid or Softmax."""

    shape: tuple[int, ...]
    """Of the output without its batch axis, by which they were traced."""
    order: Array
    """int32, as many as the output has numbers: which of the traced ones each is; -1 for others."""
    traced: TracedApart

    def __getitem__(self, place: int) -> Traced:
        """Return what a number of the output is, by its flat index."""
        return self.traced[self.order[place]]


def class_elements(engine: Engine, layout: Boxes, image: tuple[int, ...]) -> Mapping[str, ClassElements]:
    """Return the class numbers by output, of images of a shape; only of outputs whose shape follows from that."""
    holders = tuple(dict.fromkeys(scale.holder for scale in layout.scales))
    of_sizes: Kept[tuple[int, ...], Mapping[str, ClassElements]] = engine.learned(
        ("class elements", holders), lambda: Kept(most=_MOST_SIZES)
    )
    return of_sizes.get(image, lambda: _traced(engine, holders, image))


def _traced(engine: Engine, holders: tuple[Columns, ...], image: tuple[int, ...]) -> dict[str, ClassElements]:
    shapes, found = shapes_of(engine, image), {}
    for output in dict.fromkeys(holder.output for holder in holders):
        sizes = shapes.get(output, ())[1 if engine.plan(image).of(output).leads else 0 :]
        shape = tuple(size for size in sizes if isinstance(size, int))
        if not shape or len(shape) < len(sizes) or prod(shape) > _MOST:
            continue
        numbers = np.arange(prod(shape)).reshape(shape)
        is_asked = np.zeros(prod(shape), bool)
        for holder in holders:
            if holder.output == output:
                is_asked[holder.of(numbers)] = True
        places = np.flatnonzero(is_asked)
        traced = trace_apart(engine.model.ir, output, places, shapes=shapes, through_activation=True)
        if len(traced.tensors) > _MOST_TENSORS:
            continue
        order = np.full(prod(shape), -1, np.int32)
        order[places] = np.arange(len(places), dtype=np.int32)
        found[output] = ClassElements(shape=shape, order=order, traced=traced)
    return found
