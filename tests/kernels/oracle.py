"""What the kernels compute, slowly, in NumPy."""

from __future__ import annotations

import math

import numpy as np

F = np.float32


def relu_grad(gy: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where(y > 0, gy, F(0))


def clip_grad(gy: np.ndarray, y: np.ndarray, *, low: float, high: float) -> np.ndarray:
    return np.where((y > F(low)) & (y < F(high)), gy, F(0))


def inside(y: np.ndarray, *, low: float, high: float) -> np.ndarray:
    return np.asarray((y > F(low)) & (y < F(high)), np.uint8)


def mask_grad(gy: np.ndarray, marks: np.ndarray) -> np.ndarray:
    return np.where(marks != 0, gy, F(0))


def silu_grad(gy: np.ndarray, x: np.ndarray, *, alpha: float) -> np.ndarray:
    z = np.clip(alpha * x.astype(np.float64), -700, 700)
    s = 1 / (1 + np.exp(-z))
    return (gy * s * (1 + z * (1 - s))).astype(F)


def gated_silu_grad(
    gy: np.ndarray, x: np.ndarray, gate: np.ndarray, share: np.ndarray, *, alpha: float
) -> np.ndarray:
    return silu_grad(gy.astype(np.float64) * gate + share, x, alpha=alpha)


def channel_sums(gy: np.ndarray, x: np.ndarray) -> np.ndarray:
    products = gy.astype(np.float64) * x
    return products.sum(axis=tuple(range(2, products.ndim)), keepdims=True).astype(F)


def gelu_grad(gy: np.ndarray, x: np.ndarray) -> np.ndarray:
    z = np.clip(x.astype(np.float64), -40, 40)
    c = (1 + np.vectorize(math.erf, otypes=[float])(z / math.sqrt(2))) / 2
    return (gy * (c + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi))).astype(F)


def tanh_gelu_grad(gy: np.ndarray, x: np.ndarray) -> np.ndarray:
    z = np.clip(x.astype(np.float64), -40, 40)
    scale = math.sqrt(2 / math.pi)
    t = np.tanh(scale * (z + 0.044715 * z**3))
    return (gy * ((1 + t) / 2 + z * (1 - t * t) / 2 * scale * (1 + 3 * 0.044715 * z * z))).astype(F)


def hard_swish_grad(gy: np.ndarray, x: np.ndarray) -> np.ndarray:
    h = x * F(1 / 6) + F(0.5)
    slope = np.where((h > 0) & (h < 1), 2 * h - F(0.5), np.where(np.isnan(h), h, h >= 1))
    return (gy * slope).astype(F)


def max_pool_grad(
    x: np.ndarray,
    gy: np.ndarray,
    *,
    kernel_shape: tuple[int, int],
    strides: tuple[int, int],
    begins: tuple[int, int],
    rectified: int,
) -> np.ndarray:
    """Give each window's gradient to its first maximum, row by row; NaN and −∞ are none."""
    gx = np.zeros((len(gy), *x.shape[1:]), F)
    for n, c, i, j in np.ndindex(*gy.shape):
        plane = x[n % len(x), c]
        best, place = -np.inf, None
        for r in range(i * strides[0] - begins[0], i * strides[0] - begins[0] + kernel_shape[0]):
            for q in range(j * strides[1] - begins[1], j * strides[1] - begins[1] + kernel_shape[1]):
                if 0 <= r < plane.shape[0] and 0 <= q < plane.shape[1] and plane[r, q] > best:
                    best, place = plane[r, q], (r, q)
        if place is not None and (best > 0 or not rectified):
            gx[(n, c, *place)] += gy[n, c, i, j]
    return gx


def depthwise_conv_transpose(
    x: np.ndarray,
    w: np.ndarray,
    *,
    strides: tuple[int, int],
    begins: tuple[int, int],
    sizes: tuple[int, int],
) -> np.ndarray:
    """Add every filter, times x, where x stands among the strides; what falls beyond the result is lost."""
    y = np.zeros((*x.shape[:2], *sizes))
    for u, v, i, j in np.ndindex(*x.shape[2:], *w.shape[2:]):
        r, q = u * strides[0] + i - begins[0], v * strides[1] + j - begins[1]
        if 0 <= r < sizes[0] and 0 <= q < sizes[1]:
            y[:, :, r, q] += x[:, :, u, v].astype(np.float64) * w[:, 0, i, j]
    return y.astype(F)


def dense_conv_transpose(
    x: np.ndarray,
    w: np.ndarray,
    *,
    strides: tuple[int, int],
    begins: tuple[int, int],
    ends: tuple[int, int],
) -> np.ndarray:
    """Add all filters of every channel, times x, where x stands among the strides, and cut off the pads."""
    reaches = zip(x.shape[2:], strides, w.shape[2:], strict=True)
    whole = [(places - 1) * stride + side for places, stride, side in reaches]
    past = [max(0, -end) for end in ends]
    y = np.zeros((len(x), w.shape[1], *(size + more for size, more in zip(whole, past, strict=True))))
    for u, v in np.ndindex(*x.shape[2:]):
        top, left = u * strides[0], v * strides[1]
        y[:, :, top : top + w.shape[2], left : left + w.shape[3]] += np.tensordot(
            x[:, :, u, v].astype(np.float64), w.astype(np.float64), axes=(1, 0)
        )
    rows, columns = (size - end for size, end in zip(whole, ends, strict=True))
    return y[:, :, begins[0] : rows, begins[1] : columns].astype(F)
