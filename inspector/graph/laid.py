"""Copies of one image, each with a color laid over a box of its own: made where the model runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from inspector.graph.pack import PackedGraph, pack_own
from inspector.graph.writer import Writer

IMAGE, COLOR, BOXES, LAID = "image", "color", "boxes", "laid"


def write_laid(image: tuple[int, ...], *, dtype: np.dtype[Any], axes: tuple[int, ...]) -> PackedGraph:
    """Return the graph of IMAGE (1, *image), COLOR (which broadcasts to it) and BOXES to LAID (K, *image).

    BOXES (K, axes, 2) int64 are, along each of the `axes` of IMAGE, the first pixel that is covered and the one after
    the last.
    """
    w, rank = Writer(prefix="laid/", dtype=ir.DataType.from_numpy(dtype)), 1 + len(image)
    clean = w.input(IMAGE, (1, *image))
    color = w.input(COLOR, [None] * rank)
    boxes = w.input(BOXES, ("K", len(axes), 2), dtype=ir.DataType.INT64)
    covered: ir.Value | None = None
    for axis, ends in zip(axes, w.split(boxes, [1] * len(axes), axis=1), strict=True):
        first, end = (
            w.op("Reshape", one, w.ints([-1, *[1] * (rank - 1)])) for one in w.split(ends, [1, 1], axis=2)
        )
        along = [1] * rank
        along[axis] = image[axis - 1]
        places = w.op("Reshape", w.ints(range(image[axis - 1])), w.ints(along))
        within = w.op("And", w.op("GreaterOrEqual", places, first), w.op("Less", places, end))
        covered = within if covered is None else w.op("And", covered, within)
    laid = w.op("Where", covered, color, clean)
    return pack_own(w.finish({LAID: (laid, ("K", *image))}, name="laid"))
