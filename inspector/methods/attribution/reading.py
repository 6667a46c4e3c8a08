"""Which layer a class activation map is read from, and how its maps are weighted, for each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector.engine.run import Run
from inspector.errors import within
from inspector.graph.elements import Traced
from inspector.methods.notes import LOCAL_WEIGHTS
from inspector.methods.pairs import unpaired
from inspector.methods.planes import layers_on_the_way, layers_with_maps
from inspector.methods.tokens import TokenGrid, token_grid
from inspector.methods.windows import Seen, Windows
from inspector.model.heads.head import CLASSES, LABELS, SCORE
from inspector.resolve.chosen import Chosen
from inspector.resolve.targets import source_of
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.targets import Class, Target

Weights = Literal["auto", "mean", "local"]

WIDE = 5
"""Places along an axis: a target that sees fewer of a layer is explained in one of which it sees as many."""


_OF_WHOLE_IMAGES = (CLASSES, LABELS, SCORE)


@dataclass(frozen=True)
class Reading:
    """A layer, and how its maps are weighted."""

    layer: Layer
    weights: str
    """"mean": each map by the mean of its gradient; "local": each place by its own."""


class Reader:
    """Decides for targets on images of one shape."""

    def __init__(self, run: Run, windows: Windows, *, layer: str | None, weights: Weights) -> None:
        """Read from that layer, or else from the last on a target's way of which it sees enough."""
        self._run, self._windows, self._weights = run, windows, weights
        self._named = None if layer is None else run.engine.model.layer(layer)

    def reading(self, chosen: Chosen, image: Array) -> Reading:
        """Return how a target that was chosen on a (1, …) image is read."""
        traced = self._windows.computed(chosen)
        layer = self._named or self._by_tokens(chosen, traced, image)
        if layer is None:
            candidates = layers_on_the_way(self._run.engine, traced.tensor)
            layer = candidates[-1] if self._weights == "mean" else self._wide(traced, candidates)
        return Reading(layer, self._weighted(chosen, layer, self._windows.seen(traced, layer)))

    def common(self, targets: Sequence[Target]) -> Reading | None:
        """Return how all targets are read, where nothing on the image decides it: classes of whole images are alike."""
        engine = self._run.engine
        tensors: set[str] = set()
        for number, target in enumerate(targets):
            one = unpaired(target)
            with within(f"targets[{number}]"):
                if not isinstance(one, Class) or engine.head_of(one.output).meaning not in _OF_WHOLE_IMAGES:
                    return None
                tensors.add(source_of(engine, one))
        weights = "mean" if self._weights == "auto" else self._weights
        if self._named is not None:
            return Reading(self._named, weights)
        (tensor, *others) = tensors
        if others or self._with_tokens(tensor):
            return None
        return Reading(layers_on_the_way(engine, tensor)[-1], weights)

    def _weighted(self, chosen: Chosen, layer: Layer, seen: Seen | None) -> str:
        if self._weights != "auto":
            return self._weights
        if seen is None or not seen.is_part:
            return "mean"
        spans, units = ("×".join(map(str, sizes)) for sizes in (seen.spans, seen.units))
        self._run.note(
            LOCAL_WEIGHTS,
            f"{chosen.resolved} sees {spans} of the {units} places of layer {layer.name!r}, so each of them has a "
            "weight of its own (weights='local'); weights='mean' weights whole maps, and shows all places that speak "
            "for such a target, wherever it is.",
        )
        return "local"

    def _wide(self, traced: Traced, candidates: list[Layer]) -> Layer:
        """Return the last layer, of the last one's scale, of which elements see enough places; else the widest seen."""
        best, widest = candidates[-1], 0
        scale: tuple[int, ...] | None = None
        for layer in reversed(candidates):
            seen = self._windows.seen(traced, layer)
            if seen is None or (scale is not None and seen.units != scale):
                break
            scale = seen.units
            if seen.narrowest > widest:
                best, widest = layer, seen.narrowest
            if widest >= WIDE:
                break
        return best

    def _with_tokens(self, tensor: str) -> list[tuple[Layer, TokenGrid]]:
        """Return the layers of tokens that all of a tensor depends on, after the last with maps, in graph order."""
        engine, shapes = self._run.engine, self._windows.shapes
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
            elif (grid := token_grid(self._windows, layer)) is not None and (
                grid.patches is not None or not with_maps  # a guess is better than nothing
            ):
                found.append((layer, grid))
        return found

    def _by_tokens(self, chosen: Chosen, traced: Traced, image: Array) -> Layer | None:
        """Return the last layer of tokens whose patches the target depends on; None where there is none after all maps.

        A class token that alone is read at the end knows nothing of the patches beside it there.
        """
        found = self._with_tokens(traced.tensor)
        low, high = -1, len(found)
        while high - low > 1:  # the later, the fewer patches are still read
            middle = (low + high) // 2
            if _reaches_patches(self._run, image, chosen, *found[middle]):
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
