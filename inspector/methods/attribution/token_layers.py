"""Layers of tokens on the way to a target, and the last of which it still reads the patches."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.graph.elements import Traced
from inspector.methods.planes import layers_with_maps
from inspector.methods.tokens import TokenGrid, token_grid
from inspector.methods.windows import Windows
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array
from inspector.types.layers import Layer


def layers_of_tokens(windows: Windows, tensor: str) -> list[tuple[Layer, TokenGrid]]:
    """Return the layers of tokens that all of a tensor depends on, after the last with maps, in graph order."""
    key = "layers of tokens", windows.image, tensor
    return list(windows.engine.learned(key, lambda: _layers_of_tokens(windows, tensor)))


def _layers_of_tokens(windows: Windows, tensor: str) -> list[tuple[Layer, TokenGrid]]:
    engine, shapes = windows.engine, windows.shapes
    passed = engine.bottlenecks_of(tensor)
    way = [step.tensor for step in engine.way_to(tensor) if step.tensor in passed]
    with_maps = [layer.output for layer in layers_with_maps(engine, tensor) if layer.output in passed]
    found: list[tuple[Layer, TokenGrid]] = []
    for name in way[way.index(with_maps[-1]) + 1 :] if with_maps else way:
        layer = engine.model.layer_giving(name)
        if layer is None or len(shapes.get(name, ())) != 3:
            continue
        if found and shapes[name] == shapes[found[-1][0].output]:
            found.append((layer, found[-1][1]))
        elif (grid := token_grid(windows, layer)) is not None and (
            grid.patches is not None or not with_maps  # a guess is better than nothing
        ):
            found.append((layer, grid))
    return found


def last_with_patches(
    run: Run, windows: Windows, chosen: Chosen, traced: Traced, image: Array
) -> Layer | None:
    """Return the last layer of tokens whose patches the target depends on; None where there is none after all maps.

    A class token that alone is read at the end knows nothing of the patches beside it there.
    """
    found = layers_of_tokens(windows, traced.tensor)
    low, high = -1, len(found)
    while high - low > 1:  # the later, the fewer patches are still read
        middle = (low + high) // 2
        if _reaches_patches(run, image, chosen, *found[middle]):
            low = middle
        else:
            high = middle
    return found[low][0] if low >= 0 else None


def _reaches_patches(run: Run, image: Array, chosen: Chosen, layer: Layer, grid: TokenGrid) -> bool:
    """Return whether any of a target's gradient reaches the patches of a layer of tokens."""
    for _, values, pullback in run.pullbacks(
        image, source=chosen.resolved.tensor, toward=layer.output, policy="gradient"
    ):
        seed = np.zeros((1, *values.shape[1:]), np.float32)
        seed.reshape(-1)[chosen.places] = chosen.weights
        return bool(grid.maps(pullback(seed).numpy()).any())
    return False
