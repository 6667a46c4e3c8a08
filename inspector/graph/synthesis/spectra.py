"""The Fourier transform of real pictures as two pairs of matrices, so that it runs, and is differentiated, as MatMul.

x[h, w] = Re Σ_kl c_l·Z[k, l]·exp(2πi(kh/H + lw/W)) / HW, with c_l = 2 but for l = 0 and an even W's l = W/2: the
inverse of NumPy's rfft2, whose half of the spectrum is (H, W//2 + 1).
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.graph.writer import Writer
from inspector.types.arrays import Array


def half(width: int) -> int:
    """Return how many frequencies along the width a real picture has."""
    return width // 2 + 1


def frequencies(extent: tuple[int, int]) -> Array:
    """Return √(fx² + fy²) in cycles per pixel, float64 (H, W//2 + 1)."""
    height, width = extent
    found: Array = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    return found


def write_irfft2(w: Writer, spectrum: ir.Value, extent: tuple[int, int]) -> ir.Value:
    """Write (N, C, 2H, W//2 + 1), the real parts above the imaginary ones, as real (N, C, H, W)."""
    height, width = extent
    if height > 1:
        turn = 2 * np.pi * np.outer(np.arange(height), np.arange(height)) / height
        cos, sin = np.cos(turn) / height, np.sin(turn) / height
        spectrum = w.op("MatMul", w.constant(np.block([[cos, -sin], [sin, cos]])), spectrum)
    count = half(width)
    apart = w.op("Reshape", spectrum, w.ints([0, 0, 2, height, count]))
    beside = w.op("Transpose", apart, perm=[0, 1, 3, 2, 4])
    rows = w.op("Reshape", beside, w.ints([0, 0, height, 2 * count]))
    turn = 2 * np.pi * np.outer(np.arange(count), np.arange(width)) / width
    twice = np.full((count, 1), 2.0)
    twice[0] = 1
    if width % 2 == 0:
        twice[-1] = 1
    return w.op(
        "MatMul", rows, w.constant(np.concatenate([twice * np.cos(turn), -twice * np.sin(turn)]) / width)
    )


def rfft2(pictures: Array) -> Array:
    """Return what `write_irfft2` takes back to (N, C, H, W): (N, C, 2H, W//2 + 1)."""
    found = np.fft.rfft2(pictures.astype(np.float64))
    return np.concatenate([found.real, found.imag], axis=-2)
