"""Superpixels: regions of like color (SLIC, Achanta et al. 2012, IEEE TPAMI 34(11))."""

from __future__ import annotations

from math import prod

import numpy as np

from inspector.types.arrays import Array

ROUNDS = 10
COMPACT = 0.25
"""How much a step of a region's size counts beside a change of color over the image's whole range."""
_SMALLEST = 0.4
"""Of a region's usual size: what is smaller goes to the neighbor with which it has most in common."""


def superpixels(image: Array, count: int) -> Array:
    """Return labels (*space), 0 to about `count` − 1, of an image (*space, channels): each region is connected.

    k-means over color and place, every center looking around itself alone; deterministic.
    """
    space = image.shape[:-1]
    colors = _smoothed(image.astype(np.float64))
    colors = (colors - colors.min()) / max(float(np.ptp(colors)), 1e-12)
    step = max((prod(space) / max(count, 1)) ** (1 / len(space)), 1.0)
    starts = [_spread(side, step) for side in space]
    places = np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, len(space))
    centers = colors[tuple(places.astype(np.int64).T)]
    labels = np.zeros(space, np.int64)
    for _ in range(ROUNDS):
        labels = _assigned(colors, places, centers, step)
        flat = labels.reshape(-1)
        sizes = np.maximum(np.bincount(flat, minlength=len(places)), 1)
        grid = np.indices(space).reshape(len(space), -1)
        places = np.stack([np.bincount(flat, one, len(places)) for one in grid], axis=1) / sizes[:, None]
        values = colors.reshape(-1, colors.shape[-1]).T
        centers = np.stack([np.bincount(flat, one, len(places)) for one in values], axis=1) / sizes[:, None]
    return _connected(labels, smallest=_SMALLEST * step ** len(space))


def _smoothed(image: Array) -> Array:
    """Return the image with each pixel halfway to the mean of its neighbors along every axis of space: less noise."""
    for axis in range(image.ndim - 1):
        padded = np.pad(image, [(int(one == axis), int(one == axis)) for one in range(image.ndim)], "edge")
        before, after = (
            np.take(padded, range(start, start + image.shape[axis]), axis=axis) for start in (0, 2)
        )
        image = image / 2 + (before + after) / 4
    return image


def _spread(side: int, step: float) -> Array:
    """Return the middles of equal parts of an axis."""
    number = max(round(side / step), 1)
    return (np.arange(number) + 0.5) * side / number - 0.5


def _assigned(colors: Array, places: Array, centers: Array, step: float) -> Array:
    """Return for each pixel the nearest of the centers that are within a step of it, or so."""
    space = colors.shape[:-1]
    nearest, labels = np.full(space, np.inf), np.zeros(space, np.int64)
    for number, (place, center) in enumerate(zip(places, centers, strict=True)):
        window = tuple(
            slice(max(int(at - 2 * step), 0), min(int(at + 2 * step) + 1, side))
            for at, side in zip(place, space, strict=True)
        )
        axes = [np.arange(part.start, part.stop) - at for part, at in zip(window, place, strict=True)]
        far = sum(one**2 for one in np.meshgrid(*axes, indexing="ij", sparse=True))
        distance = ((colors[window] - center) ** 2).sum(axis=-1) + far * (COMPACT / step) ** 2
        is_nearer = distance < nearest[window]
        nearest[window] = np.where(is_nearer, distance, nearest[window])
        labels[window] = np.where(is_nearer, number, labels[window])
    return labels


def _connected(labels: Array, *, smallest: float) -> Array:
    """Return connected regions, numbered from 0: parts that are small go to the neighbor with the longest border."""
    parts = _parts(labels)
    flat = np.unique(parts, return_inverse=True)[1].reshape(-1)
    parts = flat.reshape(labels.shape)
    sizes = np.bincount(flat).astype(np.float64)
    first, second = (np.concatenate(ends) for ends in zip(*_borders(parts), strict=True))
    pairs, lengths = np.unique(np.stack([first, second]), axis=1, return_counts=True)
    owner = np.arange(len(sizes))
    for part in np.argsort(sizes, kind="stable"):
        own = _owner(owner, part)
        if sizes[own] >= smallest:
            continue
        roots = owner.copy()
        while not np.array_equal(roots, roots[roots]):
            roots = roots[roots]
        ends = roots[pairs]
        is_border = (ends == own).any(axis=0) & (ends[0] != ends[1])
        if not is_border.any():
            continue
        others = ends[:, is_border].sum(axis=0) - own
        best = int(np.bincount(others, lengths[is_border]).argmax())
        owner[own], sizes[best] = best, sizes[best] + sizes[own]
    while not np.array_equal(owner, owner[owner]):
        owner = owner[owner]
    found = np.unique(owner[flat], return_inverse=True)[1]
    return np.asarray(found, np.int64).reshape(labels.shape)


def _owner(owner: Array, part: int) -> int:
    while owner[part] != part:
        part = int(owner[part])
    return int(part)


def _borders(labels: Array) -> list[tuple[Array, Array]]:
    """Return, per axis, the labels on both sides of each border between neighbors that differ; none is an empty one."""
    found = []
    for axis in range(labels.ndim):
        one, other = (
            np.take(labels, range(*ends), axis=axis).reshape(-1)
            for ends in ((0, labels.shape[axis] - 1), (1, labels.shape[axis]))
        )
        differ = one != other
        found.append((np.minimum(one, other)[differ], np.maximum(one, other)[differ]))
    return found


def _parts(labels: Array) -> Array:
    """Return a number for each connected part of equal labels: that of its first pixel."""
    parts = np.arange(labels.size).reshape(labels.shape)
    while True:
        before = parts.copy()
        for axis in range(labels.ndim):
            one, other = [slice(None)] * labels.ndim, [slice(None)] * labels.ndim
            one[axis], other[axis] = slice(None, -1), slice(1, None)
            same = labels[tuple(one)] == labels[tuple(other)]
            least = np.minimum(parts[tuple(one)], parts[tuple(other)])
            parts[tuple(one)] = np.where(same, least, parts[tuple(one)])
            parts[tuple(other)] = np.where(same, least, parts[tuple(other)])
        parts = parts.reshape(-1)[parts]  # as far as the first pixel has come by now
        if np.array_equal(parts, before):
            return parts
