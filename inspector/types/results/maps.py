"""Maps: one per target, in the shape of the model's input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from inspector.errors import InvalidInputError, nearest
from inspector.types.arrays import Array
from inspector.types.options import PICTURES
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.base import Cell, Result, kind
from inspector.types.results.brief import brief
from inspector.types.results.joining import notes_of, pictures_of, stacked
from inspector.types.targets import ResolvedTarget

Used = str | int | float | bool | tuple[float, ...] | tuple[str, ...] | Array
"""The value of an option, as it was used."""


@kind("maps")
@dataclass(frozen=True, kw_only=True, eq=False)
class Maps(Result):
    """What of the images made each target what it is, by one attribution method."""

    method: str
    maps: Array
    """float32 (M, *image): (M, C, H, W) or (M, H, W, C), as `layout` says; C is 1 for Grad-CAM and RISE, (M, 1, L) of
    signals, (M, 1, D, H, W) of volumes; where the model's input has no axis of channels the maps have none."""
    targets: tuple[ResolvedTarget, ...]
    """What each of the M maps explains."""
    inputs: Array
    """(N, *image): what the model was given."""
    layout: str
    """Of `maps` and `inputs`: "NCHW", "NHWC", "NCL", "NCDHW", "NHW", "NC", … (see ImageInput)."""
    completeness_gap: tuple[float, ...] = ()
    """Per map, where the method is complete (integrated gradients): Σ map − (f(x) − f(baseline)); 0 is exact."""
    picture: str = "saliency"
    """The way such maps are drawn: "saliency", "projection", "heat" or "signed"."""
    caution: str | None = None
    """What must be said beside a picture of this method."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """How the model's input is made of a picture, so that the photograph can be drawn from `inputs`."""
    layers: tuple[str, ...] = ()
    """Per map the layer that it was read from, where the method reads one (Grad-CAM)."""
    options: Mapping[str, Used] = field(default_factory=dict)
    """The method's options as they were used, defaults included, by name; policies as texts "layer=policy"."""

    def __post_init__(self) -> None:
        """Check the way of drawing, and put the options in order."""
        object.__setattr__(self, "options", dict(sorted(self.options.items())))
        if self.picture not in PICTURES:
            raise InvalidInputError(
                f"picture is {self.picture!r}; allowed: {', '.join(PICTURES)}."
                f"{nearest(self.picture, PICTURES)}",
                field="picture",
            )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return all maps; each target is about the image of its place among all."""
        targets: list[ResolvedTarget] = []
        images = 0
        for part in parts:
            targets += [replace(one, image=images + one.image) for one in part.targets]
            images += len(part.inputs)
        layers = tuple(layer for part in parts for layer in part.layers)
        return replace(
            parts[0],
            maps=stacked([part.maps for part in parts], what="The maps"),
            targets=tuple(targets),
            inputs=stacked([part.inputs for part in parts], what="The images"),
            completeness_gap=tuple(gap for part in parts for gap in part.completeness_gap),
            layers=layers,
            options=_used_by_all(parts, layers),
            notes=notes_of(parts),
            rendered=pictures_of(parts),
        )

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per map."""
        rows: list[tuple[Cell, ...]] = [
            (
                target.image,
                str(target),
                target.value,
                float(np.abs(values).max()),
                *self.layers[index : index + 1],
            )
            for index, (target, values) in enumerate(zip(self.targets, self.maps, strict=True))
        ]
        return ("image", "target", "value", "largest |map|", *(("layer",) if self.layers else ())), rows

    def summary(self) -> list[str]:
        """Return what was explained; the caution is among the notes."""
        lines = [
            f"{self.method} of {target}: value {target.value:.4g}, largest |map| {np.abs(values).max():.4g}"
            + (f", by layer {self.layers[index]!r}" if self.layers else "")
            for index, (target, values) in enumerate(zip(self.targets, self.maps, strict=True))
        ]
        if self.options:
            used = ", ".join(f"{name}={brief(value)}" for name, value in self.options.items())
            lines.append(f"options {used}")
        return lines + [
            f"completeness gap {gap:.4g}: the map's sum, less f(x) − f(baseline)"
            for gap in self.completeness_gap
        ]


def _used_by_all(parts: Sequence[Maps], layers: Sequence[str]) -> dict[str, Used]:
    """Return the options of several parts: where they differ, words one after the other, and nothing else.

    The layer that maps were read from is an option where it is one for all.
    """
    found = dict(parts[0].options)
    for name, value in parts[0].options.items():
        others = [part.options.get(name) for part in parts[1:]]
        if all(np.array_equal(np.asarray(value), np.asarray(other)) for other in others):
            continue
        words = [word for one in (value, *others) if isinstance(one, str) for word in one.split(",")]
        found[name] = ",".join(dict.fromkeys(words))
        if not words:
            del found[name]
    if len(set(layers)) > 1:
        found.pop("layer", None)
    return found
