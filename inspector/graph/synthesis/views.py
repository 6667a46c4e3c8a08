"""Views: what the model is shown of the canvas at a step. One affine map holds jitter, scale, rotation and crop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.writer import Writer
from inspector.types.arrays import Array

PLACE = "synthesis/place"
"""Input: (rows, 2, 3), from places in a view to places on the canvas, both in −1..1 as (x, y, 1)."""
NOISE = "synthesis/noise"
"""Input: int64 (rows,), where in a long row of noise that of each view begins."""

_BORDER = 0.5
"""What lies beyond the canvas."""


@dataclass(frozen=True, kw_only=True)
class Views:
    """How a step's views are drawn, `crops` of each picture (Lucid, `transform.py`; Fel et al. 2023, §3)."""

    size: tuple[int, ...]
    """Of a view: (height, width), or (length,)."""
    crops: int = 1
    jitter: float = 0.0
    """How far a view may be moved along each axis, in its pixels."""
    scale: float = 0.0
    """By how much it may be larger or smaller: 0.1 for 0.9 to 1.1."""
    rotate: float = 0.0
    """By how many degrees it may be turned."""
    crop: tuple[float, float] | None = None
    """The side of a random part of the canvas, in parts of its own: at the first step and at the last."""
    noise: float = 0.0
    """The standard deviation of what is added to each pixel, in 0..1."""
    step: float = 1.0
    """What jitter comes in, in pixels: whole ones blur nothing."""

    def rows(self, canvas: Canvas) -> int:
        """Return how many views a step has; those of a picture follow each other."""
        return canvas.pictures * self.crops

    def moves(self, canvas: Canvas) -> bool:
        """Return whether a view is ever anything but the canvas as it is."""
        return bool(self.jitter or self.scale or self.rotate or self.crop or self.size != canvas.size)

    def draw(
        self, canvas: Canvas, generators: Sequence[np.random.Generator], *, progress: float
    ) -> Mapping[str, Array]:
        """Return the inputs of one step, of each picture from a generator of its own.

        `progress` is 0 at the first step and 1 at the last.
        """
        sources = [generator for generator in generators for _ in range(self.crops)]
        found: dict[str, Array] = {}
        if self.moves(canvas):
            found[PLACE] = np.stack([self._place(canvas, generator, progress) for generator in sources])
        if self.noise:
            most = self._values_of_view(canvas)
            found[NOISE] = np.asarray([generator.integers(0, most) for generator in sources], np.int64)
        return found

    def write(self, w: Writer, picture: ir.Value, canvas: Canvas) -> ir.Value:
        """Write (rows, C, *size): the views of pictures (N, C, *size)."""
        rows = self.rows(canvas)
        shape = (rows, canvas.channels, *self.size)
        if self.crops > 1:
            repeated = np.repeat(np.arange(canvas.pictures), self.crops)
            picture = w.op("Gather", picture, w.ints(repeated.tolist()), axis=0)
        if self.moves(canvas):
            picture = self._moved(w, picture, canvas)
        if self.noise:
            length = self._values_of_view(canvas)
            drawn = np.random.default_rng(0).standard_normal(2 * length, np.float32)
            starts = w.input(NOISE, (rows,), dtype=ir.DataType.INT64)
            ends = w.op("Add", starts, w.ints([length]))
            parts = []
            for row in range(rows):
                span = [w.op("Gather", end, w.ints([row])) for end in (starts, ends)]
                parts.append(w.op("Slice", w.constant(self.noise * drawn), *span, w.ints([0])))
            noise = w.op("Reshape", w.op("Concat", *parts, axis=0), w.ints(shape))
            picture = w.op("Add", picture, noise)
        return picture

    def _moved(self, w: Writer, picture: ir.Value, canvas: Canvas) -> ir.Value:
        rows, (height, width) = self.rows(canvas), _extent(self.size)
        place = w.input(PLACE, (rows, 2, 3))
        points = w.constant(_points(height, width))
        at = w.op("MatMul", points, w.op("Transpose", place, perm=[0, 2, 1]))
        grid = w.op("Reshape", at, w.ints([rows, height, width, 2]))
        # Beyond the canvas a sample is 0, which is to be gray.
        centered = w.op("Sub", picture, w.constant(_BORDER))
        planes = w.op("Reshape", centered, w.ints([rows, canvas.channels, *canvas.extent]))
        seen = w.op("GridSample", planes, grid, mode="bilinear", padding_mode="zeros", align_corners=0)
        whole = w.op("Add", seen, w.constant(_BORDER))
        return w.op("Reshape", whole, w.ints([rows, canvas.channels, *self.size]))

    def _place(self, canvas: Canvas, generator: np.random.Generator, progress: float) -> Array:
        """Return one view's (2, 3) matrix."""
        height, width = canvas.extent
        view = _extent(self.size)
        zoom = 1 + generator.uniform(-self.scale, self.scale)
        angle = np.deg2rad(generator.uniform(-self.rotate, self.rotate))
        shift = self._shift(generator)
        if self.crop is not None:
            side = self.crop[0] + (self.crop[1] - self.crop[0]) * progress
            sides = np.asarray([side if width > 1 else 1.0, side if height > 1 else 1.0])
            center = generator.uniform(-1, 1, 2) * np.maximum(1 - sides, 0)
        else:
            # As many of its pixels as it has: a larger canvas is seen in parts, anywhere; a smaller one is stretched.
            sides = np.minimum([view[1] / width, view[0] / height], 1)
            center = generator.uniform(-1, 1, 2) * np.maximum(1 - sides, 0)
        pixels = np.asarray([width, height], np.float64)
        turned = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        # In pixels a turn keeps angles; −1..1 along both axes would not where the canvas is no square.
        linear = turned * (sides * pixels)[None] / pixels[:, None] / zoom
        return np.concatenate([linear, (center + 2 * shift / pixels)[:, None]], axis=1).astype(np.float32)

    def _shift(self, generator: np.random.Generator) -> Array:
        most = int(self.jitter / self.step)
        drawn = generator.integers(-most, most + 1, 2) * self.step
        flat = len(self.size) == 1
        return np.asarray([drawn[0], 0.0 if flat else drawn[1]])

    def _values_of_view(self, canvas: Canvas) -> int:
        return canvas.channels * int(np.prod(self.size))


def _extent(size: tuple[int, ...]) -> tuple[int, int]:
    return (1, size[0]) if len(size) == 1 else (size[0], size[1])


def _points(height: int, width: int) -> Array:
    """Return the centers of pixels as (x, y, 1), (H·W, 3)."""
    x, y = ((2 * np.arange(side) + 1) / side - 1 for side in (width, height))
    grid = np.meshgrid(x, y)
    return np.stack([*grid, np.ones((height, width))], axis=-1).reshape(-1, 3)
