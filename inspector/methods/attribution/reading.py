"""Which layer a class activation map is read from, and how its maps are weighted, for each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inspector.engine.run import Run
from inspector.errors import within
from inspector.graph.elements import Traced
from inspector.methods.attribution.token_layers import last_with_patches, layers_of_tokens
from inspector.methods.notes import LOCAL_WEIGHTS
from inspector.methods.pairs import unpaired
from inspector.methods.planes import layers_on_the_way
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
        layer = self._named or last_with_patches(self._run, self._windows, chosen, traced, image)
        last, candidates = layer, []
        if last is None:
            candidates = layers_on_the_way(self._run.engine, traced.tensor)
            last = candidates[-1]
        seen = self._windows.seen(traced, last)
        is_part = seen is not None and seen.is_part
        if candidates and is_part and self._weights != "mean":
            last = self._wide(traced, candidates)
            seen = self._windows.seen(traced, last)
        return Reading(last, self._weighted(chosen, last, seen if is_part else None))

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
        if others or layers_of_tokens(self._windows, tensor):
            return None
        return Reading(layers_on_the_way(engine, tensor)[-1], weights)

    def _weighted(self, chosen: Chosen, layer: Layer, seen: Seen | None) -> str:
        """Return how maps are weighted: place by place where a target sees a part of the last layer."""
        if self._weights != "auto":
            return self._weights
        if seen is None:
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
            wide_axes = [reach for reach, units in zip(seen.reach, seen.units, strict=True) if units >= WIDE]
            narrowest = min(wide_axes or seen.reach)
            if narrowest > widest:
                best, widest = layer, narrowest
            if widest >= WIDE:
                break
        return best
