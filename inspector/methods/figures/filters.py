"""What can be measured of filters by themselves: their size, what they alias, and which are alike."""

from __future__ import annotations

import numpy as np

from inspector.types.arrays import Array

_BLOCK = 1024
"""Filters that are compared with all others at a time."""
LEAST_WEIGHTS = 4
"""Of fewer weights all filters look alike."""


def root_mean_square(weights: Array) -> Array:
    """Return √(mean of w²), float64 (filters,), of filters (filters, …)."""
    return np.asarray(np.sqrt(np.square(weights.reshape(len(weights), -1)).mean(axis=1)))


def aliased_share(weights: Array, *, strides: tuple[int, ...], dilations: tuple[int, ...]) -> Array:
    """Return which share of each filter's spectral energy lies above its stride's Nyquist frequency, (filters,).

    Who takes every s-th place sees frequencies up to 1/(2s); what a filter lets through above that comes back as a
    lower one. The energy ∫|W(f)|² over |f| ≤ 1/(2s) on every axis is Σ w_i·w_j·Π sinc((i − j)·d/s)/s, without a
    transform. Of a filter of zeros it is NaN.
    """
    below = weights
    for axis, (stride, dilation) in enumerate(zip(strides, dilations, strict=True), start=2):
        if stride == 1:
            continue
        places = np.arange(weights.shape[axis]) * dilation
        within = np.sinc((places[:, None] - places) / stride) / stride
        below = np.moveaxis(np.tensordot(within, below, (1, axis)), 0, axis)
    axes = tuple(range(1, weights.ndim))
    energy = np.square(weights).sum(axis=axes)
    with np.errstate(invalid="ignore"):
        share = 1 - (weights * below).sum(axis=axes) / energy
    return np.where(energy > 0, np.clip(share, 0, 1), np.nan)


def impulse_share(strides: tuple[int, ...]) -> float:
    """Return the share of an impulse, which lets all frequencies through alike: 1 − 1/Πs."""
    return 1 - 1 / float(np.prod(strides))


def most_alike(weights: Array, *, groups: int) -> tuple[Array, Array]:
    """Return for each filter the largest correlation with another, float64 (filters,), and which that is.

    Filters are compared within their group, since others read other channels. NaN and −1 where there is none to
    compare with, where a filter has fewer weights than `LEAST_WEIGHTS`, and of one whose weights are all the same.
    """
    count = len(weights)
    best, which = np.full(count, np.nan), np.full(count, -1)
    size = count // max(groups, 1)
    if size < 2 or weights[0].size < LEAST_WEIGHTS:
        return best, which
    flat = weights.reshape(groups, size, -1)
    flat = flat - flat.mean(axis=2, keepdims=True)
    norms = np.linalg.norm(flat, axis=2, keepdims=True)
    least = 1e-9 * np.linalg.norm(weights.reshape(groups, size, -1), axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = np.where(norms > least, flat / norms, np.nan)
    for group in range(groups):
        known = np.nan_to_num(unit[group])
        for start in range(0, size, _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, size))
            alike = known[rows] @ known.T
            alike[np.arange(len(rows)), rows] = -np.inf
            alike[:, ~np.isfinite(unit[group]).all(axis=1)] = -np.inf
            place = alike.argmax(axis=1)
            found = alike[np.arange(len(rows)), place]
            is_known = np.isfinite(found) & np.isfinite(unit[group][rows]).all(axis=1)
            best[group * size + rows] = np.where(is_known, found, np.nan)
            which[group * size + rows] = np.where(is_known, group * size + place, -1)
    return best, which
