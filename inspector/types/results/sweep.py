"""A sweep: what an occluder does to an image's answer, per position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from inspector.types.arrays import Array
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.base import Result, kind
from inspector.types.targets import ResolvedTarget


@kind("sweep")
@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep(Result):
    """What a sliding square does to an image's answer, per position (Zeiler & Fergus 2014, §4.2 and Fig 7)."""

    target: ResolvedTarget
    probability: Array
    """float32 (R, C): the target class's probability (Fig 7 d); for other targets, their value."""
    label: Array
    """int64 (R, C): the most probable class (Fig 7 e); −1 where the scores are NaN or infinite."""
    activation: Array
    """float32 (R, C): the chosen map's total activation (Fig 7 b)."""
    done: Array
    """bool (R, C): which positions have been computed."""
    layer: str
    channel: int
    """The map: of `layer`, the one with the largest total activation in the unoccluded image."""
    baseline_probability: float
    baseline_label: int
    baseline_activation: float
    tops: Array
    """int64 (R,): the square's upper edge, in input pixels."""
    lefts: Array
    """int64 (C,): the square's left edge, in input pixels."""
    size: tuple[int, ...]
    """The square's height and width, in input pixels."""
    stride: tuple[int, ...]
    """From square to square, down and across, in input pixels."""
    fill: tuple[float, ...]
    """The square's value per channel, in the model's input units."""
    inputs: Array
    """(1, *image): what the model was given, with nothing occluded."""
    layout: str
    """"NCHW" or "NHWC"."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """The names of the classes in `label`, where the model has names."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """How the model's input is made of a picture, so that the photograph can be drawn from `inputs`."""

    def summary(self) -> list[str]:
        """Return where the target suffers most, of the positions that have been computed."""
        answer = "probability" if self.target.kind == "class" else "value"
        text = (
            f"{self.target.label or self.target}: {answer} {self.baseline_probability:.3f} unoccluded"
            f"{self._least()}; another class wins at {self._others()}"
        )
        count = int(self.done.sum())
        if count < self.done.size:
            return [f"{text}; {count} of {self.done.size} positions done."]
        return [f"{text} of {count} positions."]

    def _least(self) -> str:
        finite = self.done & np.isfinite(self.probability)
        if not finite.any():
            return ""
        known = np.where(finite, self.probability, np.inf)
        row, column = np.unravel_index(int(np.argmin(known)), known.shape)
        square = "×".join(map(str, self.size))
        return (
            f", least {known.min():.3f} with the {square} square at row {self.tops[row]}, "
            f"column {self.lefts[column]}"
        )

    def _others(self) -> int:
        """Return at how many positions another class wins; those whose scores are not finite have no class."""
        return int((self.done & (self.label >= 0) & (self.label != self.baseline_label)).sum())
