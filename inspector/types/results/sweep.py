"""A sweep: what an occluder does to an image's answer, per position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from inspector.types.arrays import Array
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.base import Result, kind
from inspector.types.targets import ResolvedTarget

NOT_WATCHED = -1
"""The channel of no map."""
_WORDS = {
    1: ("interval", ("place",)),
    2: ("square", ("row", "column")),
    3: ("block", ("plane", "row", "column")),
}
"""By the number of axes of space: what slides, and along what."""


@kind("sweep")
@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep(Result):
    """What a sliding square does to an image's answer, per position (Zeiler & Fergus 2014, §4.2 and Fig 7)."""

    target: ResolvedTarget
    probability: Array
    """float32 (R, C): the target class's probability (Fig 7 d); for other targets, their value. One axis per axis of
    space: (L,) of a signal, (D, R, C) of a volume."""
    label: Array
    """int64 (R, C): the most probable class (Fig 7 e); −1 where the scores are NaN or infinite."""
    activation: Array
    """float32 (R, C): the chosen map's total activation (Fig 7 b); NaN where none was watched."""
    done: Array
    """bool (R, C): which positions have been computed."""
    layer: str
    """"" where no layer has maps: then none was watched, and a note says so."""
    channel: int
    """The map: of `layer`, the one with the largest total activation in the unoccluded image; −1 where none was."""
    baseline_probability: float
    baseline_label: int
    baseline_activation: float
    tops: Array
    """int64 (R,): the square's upper edge, in input pixels; (0,) of a signal."""
    lefts: Array
    """int64 (C,): the square's left edge, in input pixels."""
    size: tuple[int, ...]
    """The square's height and width, in input pixels; one number per axis of space."""
    stride: tuple[int, ...]
    """From square to square, down and across, in input pixels."""
    fill: tuple[float, ...]
    """The square's value per channel, in the model's input units."""
    inputs: Array
    """(1, *image): what the model was given, with nothing occluded."""
    layout: str
    """Of `inputs`: "NCHW" or "NHWC", "NCL" of a signal, "NCDHW" of a volume, …"""
    starts: tuple[Array, ...] = ()
    """Per axis of space int64, the first pixel at each position: (tops, lefts) of an image, three of a volume."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """The names of the classes in `label`, where the model has names."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """How the model's input is made of a picture, so that the photograph can be drawn from `inputs`."""

    def __post_init__(self) -> None:
        """Take the upper and left edges for the positions where no others are given."""
        if not self.starts:
            object.__setattr__(self, "starts", (self.tops, self.lefts))

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
        position = np.unravel_index(int(np.argmin(known)), known.shape)
        box, axes = _WORDS[len(self.size)]
        size = "×".join(map(str, self.size))
        where = ", ".join(
            f"{axis} {starts[place]}" for axis, starts, place in zip(axes, self.starts, position, strict=True)
        )
        return f", least {known.min():.3f} with the {size} {box} at {where}"

    def _others(self) -> int:
        """Return at how many positions another class wins; those whose scores are not finite have no class."""
        return int((self.done & (self.label >= 0) & (self.label != self.baseline_label)).sum())
