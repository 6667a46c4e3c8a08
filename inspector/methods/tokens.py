"""Tokens that form a grid of patches: how the layers of vision transformers lie over the image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

import numpy as np

from inspector.graph.elements import trace_elements
from inspector.methods.windows import Windows
from inspector.model.receptive.field import Field
from inspector.types.arrays import Array
from inspector.types.layers import Layer

MOST_OTHERS = 8
"""Tokens that stand for no patch: one for the class, and registers."""
_FEWEST = 4
_LOOKED_AT = 8
"""So many of the first tensors with as many tokens are asked where they come from: one is the embedding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenGrid:
    """Which tokens of a layer's output (N, …) stand for which patches of the image."""

    axis: int
    """Of the tokens in activations (N, …)."""
    order: Array
    """int64 (rows, columns): the token of each patch."""
    others: int
    """Tokens that stand for no patch."""
    patches: str | None
    """The tensor of the patches' maps; None where the grid is guessed by the number of tokens."""
    field: Field | None = None
    """Of that tensor."""

    def maps(self, activations: Array) -> Array:
        """Return (N, channels, rows, columns) of tokens (N, …)."""
        tokens = np.moveaxis(activations, self.axis, 1)
        found: Array = np.moveaxis(tokens[:, self.order], -1, 1)
        return found


def token_grid(windows: Windows, layer: Layer) -> TokenGrid | None:
    """Return the grid of a layer that has tokens; None where it has none.

    The patches are found by following the first tensor with as many tokens back to the maps that it is made of, through
    nothing but movement. Where that leads nowhere, the grid is guessed: as many squares as cover the image.
    """
    shape = windows.shapes.get(layer.output, ())
    sizes = [size for size in shape if isinstance(size, int)]
    if len(sizes) != 3 or len(shape) != 3 or sizes[0] != 1 or len(windows.sides) != 2:
        return None
    for axis in (1, 2):
        if sizes[axis] >= _FEWEST:
            found = _traced(windows, layer, axis=axis, count=sizes[axis])
            if found is not None:
                return found
    return _guessed(windows, axis=1, count=sizes[1])


def _traced(windows: Windows, layer: Layer, *, axis: int, count: int) -> TokenGrid | None:
    shapes = windows.shapes
    like = [
        step.tensor
        for step in windows.engine.way_to(layer.output)
        if len(shape := shapes.get(step.tensor, ())) == 3 and shape[axis] == count
    ]
    for tensor in like[:_LOOKED_AT]:
        for before, after in _others(count):
            found = _from(windows, tensor, axis=axis, tokens=np.arange(before, count - after))
            if found is not None:
                return found
    return None


def _others(count: int) -> Iterator[tuple[int, int]]:
    """Yield how many tokens may stand before and after the patches, the usual first."""
    for total in range(min(MOST_OTHERS, count - _FEWEST) + 1):
        for after in range(total + 1):
            yield total - after, after


def _from(windows: Windows, tensor: str, *, axis: int, tokens: Array) -> TokenGrid | None:
    """Return the grid where these tokens of a tensor are all places of one tensor with maps, each once."""
    engine, shapes = windows.engine, windows.shapes
    own = [size for size in shapes[tensor] if isinstance(size, int)]
    if len(own) != 3:
        return None
    index = [np.zeros_like(tokens)] * 3
    index[axis] = tokens
    places = np.asarray(np.ravel_multi_index(tuple(index), own))
    traced = trace_elements(engine.model.ir, tensor, places, shapes=shapes)
    field, shape = windows.fields.get(traced.tensor), shapes.get(traced.tensor, ())
    sizes = [size for size in shape if isinstance(size, int)]
    if field is None or len(sizes) != len(shape) or len(field.roles) != len(shape):
        return None
    axes = [place for place in field.spatial_axes if place is not None]
    if len(axes) != 2 or len(shape) < 4:
        return None
    rows, columns = (np.unravel_index(traced.places, sizes)[place] for place in axes)
    height, width = (sizes[place] for place in axes)
    order = np.full((height, width), -1, np.int64)
    order[rows, columns] = tokens
    if len(tokens) != height * width or (order < 0).any():
        return None
    return TokenGrid(
        axis=axis, order=order, others=own[axis] - len(tokens), patches=traced.tensor, field=field
    )


def _guessed(windows: Windows, *, axis: int, count: int) -> TokenGrid | None:
    """Return the grid of square patches that cover the image, with as few other tokens before them as may be."""
    height, width = windows.sides
    for others in range(min(MOST_OTHERS, count - _FEWEST) + 1):
        patches = count - others
        rows = isqrt(patches * height // width)
        if rows and patches % rows == 0 and rows * width == (patches // rows) * height:
            order = (np.arange(patches) + others).reshape(rows, -1)
            return TokenGrid(axis=axis, order=order, others=others, patches=None)
    return None
