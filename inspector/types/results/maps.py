"""Maps: one per target, in the shape of the model's input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from inspector.errors import InvalidInputError, nearest
from inspector.types.arrays import Array
from inspector.types.options import PICTURES
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.base import Cell, Result, kind
from inspector.types.results.brief import brief
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
