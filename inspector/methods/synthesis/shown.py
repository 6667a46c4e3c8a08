"""Inputs of a model as pixels: what a picture shows of an image that a method made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inspector.engine.run import Run
from inspector.render.photograph import photograph_of
from inspector.types.arrays import Array
from inspector.types.layouts import space_of
from inspector.types.preprocessing import Preprocessing

_MIDDLE = 127.5


def shown_input(run: Run, values: Array) -> Array:
    """Return uint8 (H, W, 3) of one input, without its batch axis: a signal or a flat vector is a strip."""
    return _drawn(run, values.astype(np.float64), run.engine.model.preprocessing)


def shown_change(run: Run, change: Array, *, factor: float) -> Array:
    """Return uint8 (H, W, 3) of a change of one input, times a factor: gray where there is none."""
    spec = run.engine.model.preprocessing
    plain = replace(spec, scale=1.0, mean=(0.0,), std=(1.0,))
    return _drawn(run, _MIDDLE + factor * change, plain)


def _drawn(run: Run, values: Array, spec: Preprocessing) -> Array:
    layout = run.engine.model.input.layout
    if not space_of(layout):
        values, layout = values.reshape(1, -1), "NCL"
    pixels = photograph_of(values, layout=layout, spec=spec)
    if len(pixels) == 1:
        pixels = np.repeat(pixels, max(8, pixels.shape[1] // 8), axis=0)
    return pixels
