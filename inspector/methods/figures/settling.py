"""How alike what layers compute is at two moments of a training: one minus linear CKA (Kornblith et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from inspector.engine.run import Run
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.results.figure import Panel
from inspector.types.results.table import Row, Series, Table

MOST_BYTES = 256 << 20
"""Of features that are held at once."""
LEAST_IMAGES = 3
"""With fewer there is nothing to compare: centered, two images are always alike."""


def gram(features: Array) -> Array:
    """Return the centered products of the features of images (N, …) with each other, (N, N) float64."""
    flat = features.reshape(len(features), -1).astype(np.float32)
    flat = flat - flat.mean(axis=0, keepdims=True)
    return np.asarray(flat @ flat.T, np.float64)


def distance(one: Array, other: Array) -> float:
    """Return 1 − CKA of two Gram matrices, in [0, 1]: 0 where the images lie alike; NaN where nothing varies.

    CKA = ⟨K, L⟩ / (‖K‖ ‖L‖) of centered K and L (arXiv 1905.00414, §3). It does not change where features are turned
    or scaled as a whole.
    """
    scale = np.linalg.norm(one) * np.linalg.norm(other)
    return (
        max(0.0, float(1 - np.sum(one * other) / scale)) if scale > 0 and np.isfinite(scale) else float("nan")
    )


def grams(run: Run, x: Array, layers: Sequence[Layer]) -> dict[str, Array]:
    """Return the Gram matrix of each layer's features of images (N, …), by its name.

    Layers whose features are large come one at a time, so that no more than one is held.
    """
    sizes = [bytes_of(layer) * len(x) for layer in layers]
    groups = [layers] if sum(sizes) <= MOST_BYTES else [[layer] for layer in layers]
    found: dict[str, Array] = {}
    for group in groups:
        values = run.forward(x, [layer.output for layer in group])
        found |= {layer.name: gram(values[layer.output]) for layer in group}
    return found


def bytes_of(layer: Layer) -> int:
    """Return how many bytes a layer's features of one image take, as far as their shape is known."""
    return 4 * prod(size for size in layer.shape if isinstance(size, int))


def settles_at(distances: Sequence[float], *, settled: float) -> int | None:
    """Return from which of the moments on all distances to the last are at most `settled`; None where none are known.

    The last moment is no distance from itself, and is among them.
    """
    if not np.isfinite(distances).all():
        return None
    far = [place for place, one in enumerate(distances) if one > settled]
    return far[-1] + 1 if far else 0


def spread_over(layers: Sequence[Layer], count: int) -> list[Layer]:
    """Return some layers, evenly spread from the first to the last."""
    places = np.unique(np.linspace(0, len(layers) - 1, min(count, len(layers))).round().astype(int))
    return [layers[place] for place in places]


def curves_of(found: Sequence[Mapping[str, Array]], layers: Sequence[Layer]) -> dict[str, list[float]]:
    """Return, by layer, how far its features at each moment are from those at the last."""
    last = found[-1]
    return {
        layer.name: [distance(moment[layer.name], last[layer.name]) for moment in found] for layer in layers
    }


def settling_panels(
    names: Sequence[str], curves: Mapping[str, Sequence[float]], *, settled: float
) -> list[Panel]:
    """Return the curves of the layers' distances to their last state, and the table of when they settle."""
    rows = []
    for place, (layer, distances) in enumerate(curves.items()):
        at = settles_at(distances, settled=settled)
        when = (None, None) if at is None else (names[at], at + 1)
        rows.append(Row(cells=(layer, place + 1, *when, *distances)))
    series = Series(
        x=np.arange(1, len(names) + 1, dtype=np.float64),
        curves={layer: np.asarray(distances) for layer, distances in curves.items()},
        x_label="checkpoint",
        y_label="distance to the last (1 - CKA)",
        title="When each layer settles",
    )
    table = Table(
        columns=("layer", "depth", "settles at", "checkpoint", *names),
        rows=tuple(rows),
        title=f"From which checkpoint on each layer's distance to the last (1 − CKA) is at most {settled:g}",
    )
    return [
        Panel(title="Distance to the last checkpoint", result=series, caption="By layer, 1 − CKA."),
        Panel(title="When each layer settles", result=table),
    ]
