"""Parameterizations: which numbers are optimized, and how they become a picture before its colors are bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnx_ir as ir

from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.synthesis.spectra import frequencies, half, rfft2, write_irfft2
from inspector.graph.writer import Writer
from inspector.types.arrays import Array


class Parameterization(Protocol):
    """Parameters -> (N, C, *size), unbounded."""

    def shape(self, canvas: Canvas) -> tuple[int, ...]:
        """Return the shape of the parameters, (N, …)."""

    def write(self, w: Writer, parameters: ir.Value, canvas: Canvas) -> ir.Value:
        """Write the picture of parameters."""

    def start(self, canvas: Canvas, generator: np.random.Generator) -> Array:
        """Return parameters of noise, float32."""

    def of(self, picture: Array) -> Array:
        """Return the parameters of an unbounded picture (N, C, *size), float32."""


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """Every pixel is a parameter."""

    deviation: float = 0.01
    """Of the noise at the start."""

    def shape(self, canvas: Canvas) -> tuple[int, ...]:
        """Return that of the pictures."""
        return canvas.shape

    def write(self, w: Writer, parameters: ir.Value, canvas: Canvas) -> ir.Value:
        """Write the parameters: they are the pixels."""
        return w.op("Reshape", parameters, w.ints(canvas.shape))

    def start(self, canvas: Canvas, generator: np.random.Generator) -> Array:
        """Return normal noise."""
        return generator.normal(0, self.deviation, canvas.shape).astype(np.float32)

    def of(self, picture: Array) -> Array:
        """Return the picture."""
        return picture.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Fourier:
    """x = irfft2(s·z)/4 with s = √(HW)/max(f, 1/max(H, W))^decay: low frequencies move first (Lucid, `spatial.py`)."""

    decay: float = 1.0
    """1 is that of natural pictures, whose amplitudes fall as 1/f (Field 1987)."""
    deviation: float = 0.01

    def shape(self, canvas: Canvas) -> tuple[int, ...]:
        """Return (N, C, 2H, W//2 + 1)."""
        height, width = canvas.extent
        return canvas.pictures, canvas.channels, 2 * height, half(width)

    def write(self, w: Writer, parameters: ir.Value, canvas: Canvas) -> ir.Value:
        """Write the inverse transform of the scaled spectrum."""
        scaled = w.op("Mul", parameters, w.constant(self._scale(canvas.extent)))
        picture = write_irfft2(w, scaled, canvas.extent)
        return w.op("Reshape", picture, w.ints(canvas.shape)) if len(canvas.size) == 1 else picture

    def start(self, canvas: Canvas, generator: np.random.Generator) -> Array:
        """Return normal noise."""
        return generator.normal(0, self.deviation, self.shape(canvas)).astype(np.float32)

    def of(self, picture: Array) -> Array:
        """Return the spectrum, unscaled."""
        planes = picture[:, :, None] if picture.ndim == 3 else picture
        extent = (planes.shape[2], planes.shape[3])
        found: Array = (rfft2(planes) / self._scale(extent)).astype(np.float32)
        return found

    def _scale(self, extent: tuple[int, int]) -> Array:
        size = np.sqrt(extent[0] * extent[1]) / 4
        one = size / np.maximum(frequencies(extent), 1 / max(extent)) ** self.decay
        return np.concatenate([one, one])


@dataclass(frozen=True, kw_only=True, eq=False)
class Phase:
    """x = irfft2(M·exp(iφ̂)) with fixed magnitudes M and standardized phases φ̂ (MACO: Fel et al. 2023, §3)."""

    magnitude: Array
    """(C, H, W//2 + 1), of unbounded pictures."""

    def shape(self, canvas: Canvas) -> tuple[int, ...]:
        """Return (N, C, H, W//2 + 1)."""
        height, width = canvas.extent
        return canvas.pictures, canvas.channels, height, half(width)

    def write(self, w: Writer, parameters: ir.Value, canvas: Canvas) -> ir.Value:
        """Write the inverse transform of the magnitudes with the phases."""
        axes = w.ints([1, 2, 3])
        centered = w.op("Sub", parameters, w.op("ReduceMean", parameters, axes, keepdims=1))
        variance = w.op("ReduceMean", w.op("Mul", centered, centered), axes, keepdims=1)
        phase = w.op("Div", centered, w.op("Sqrt", w.op("Add", variance, w.constant(1e-5))))
        magnitude = w.constant(self.magnitude)
        parts = [w.op("Mul", magnitude, w.op(part, phase)) for part in ("Cos", "Sin")]
        picture = write_irfft2(w, w.op("Concat", *parts, axis=2), canvas.extent)
        return w.op("Reshape", picture, w.ints(canvas.shape)) if len(canvas.size) == 1 else picture

    def start(self, canvas: Canvas, generator: np.random.Generator) -> Array:
        """Return normal phases."""
        return generator.normal(0, 1, self.shape(canvas)).astype(np.float32)

    def of(self, picture: Array) -> Array:
        """Return the phases of a picture."""
        planes = picture[:, :, None] if picture.ndim == 3 else picture
        return np.angle(np.fft.rfft2(planes.astype(np.float64))).astype(np.float32)
