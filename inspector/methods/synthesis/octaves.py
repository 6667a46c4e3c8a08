"""Octaves: at which sizes a picture is dreamt, and what the model sees of it at each."""

from __future__ import annotations

from math import ceil

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.grad.synthesis.painting import Painting
from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.synthesis.optimizers import OPTIMIZERS
from inspector.graph.synthesis.parameterizations import Fourier
from inspector.graph.synthesis.views import Views
from inspector.methods.synthesis.framing import Framing
from inspector.types.requests.dream import DreamRequest

MOST_OCTAVES = 12
LEAST_SIDE = 32
"""In pixels: a smaller octave shows a network nothing."""
MOST_SIDE = 2048
MOST_VIEWS = 16
"""Of a step on a picture that is larger than what the model sees at once."""


def sizes_of(run: Run, request: DreamRequest, framing: Framing) -> list[tuple[int, ...]]:
    """Return the octaves' sizes, smallest first.

    Where the model's size is free, the last is the photograph's, and the model sees each octave whole. Where it is
    fixed, the first is the model's, and larger ones are seen in parts.
    """
    seen, count = framing.size, request.octaves
    fixed = is_fixed(run)
    last = request.size
    if last is None:
        grown = request.octave_scale ** (count - 1) if fixed and len(seen) == 2 else 1.0
        last = tuple(round(side * grown) for side in seen)
    elif len(last) == 1:
        last = last * len(seen)
    if len(last) != len(seen) or (fixed and any(a < b for a, b in zip(last, seen, strict=True))):
        least = "×".join(map(str, seen))
        raise InvalidInputError(
            f"size is {'×'.join(map(str, last))}; this model's pictures are {least}: give as many numbers, each at "
            "least as large.",
            field="size",
        )
    if max(last) > MOST_SIDE:
        raise InvalidInputError(
            f"size is {'×'.join(map(str, last))}; a side has at most {MOST_SIDE} pixels.", field="size"
        )
    found = []
    for octave in reversed(range(count)):
        size = tuple(round(side / request.octave_scale**octave) for side in last)
        least_sides = seen if fixed else tuple(min(LEAST_SIDE, side) for side in last)
        if all(side >= least for side, least in zip(size, least_sides, strict=True)):
            found.append(size)
    return found or [last]


def is_fixed(run: Run) -> bool:
    """Return whether the model takes pictures of one size."""
    return all(isinstance(side, int) for side in run.engine.model.input.space)


def octave_painting(request: DreamRequest, framing: Framing, size: tuple[int, ...]) -> Painting:
    """Return the painting of one octave: the picture whole, or as many parts of it as cover it."""
    parts = ceil(np.prod([side / seen for side, seen in zip(size, framing.size, strict=True)]))
    return Painting(
        canvas=Canvas(pictures=1, channels=framing.channels, size=size),
        parameterization=Fourier(decay=0.5),
        views=Views(
            size=framing.size,
            crops=min(max(parts, 1), MOST_VIEWS),
            jitter=min(request.jitter, min(framing.size) / 8),
        ),
        frame=framing.frame,
        optimizer=OPTIMIZERS["ascent"],
    )
