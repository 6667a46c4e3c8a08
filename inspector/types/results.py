"""What the methods return: plain data, the same in-process and from a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inspector.types.arrays import Array
from inspector.types.targets import ResolvedTarget


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class of a prediction."""

    index: int
    label: str | None
    probability: float
    """From the model's own Softmax or Sigmoid; where it ends in scores, their softmax."""
    score: float
    """Before the final activation."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The most probable classes of one image, best first."""

    classes: tuple[ClassScore, ...]
    notes: tuple[str, ...] = ()
    """Sentences that the result says about itself, e.g. that images ran one by one."""


class Activations(dict[str, Array]):
    """What layers computed: name -> (N, *layer shape)."""

    def __init__(self, values: Mapping[str, Array], *, notes: tuple[str, ...] = ()) -> None:
        super().__init__(values)
        self.notes = notes
        """Sentences that the result says about itself, e.g. that images ran one by one."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Maps in the shape of the model's input, one per target."""

    method: str
    maps: Array
    """float32 (M, *image): (M, C, H, W) or (M, H, W, C), as `layout` says; C is 1 for Grad-CAM and RISE."""
    targets: tuple[ResolvedTarget, ...]
    inputs: Array
    """(N, *image): what the model was given."""
    layout: str
    completeness_gap: tuple[float, ...] = ()
    """Per map, where the method is complete (integrated gradients): Σ map − (f(x) − f(baseline)); 0 is exact."""
    notes: tuple[str, ...] = ()
    """Sentences that the result says about itself, e.g. that images ran one by one."""


@dataclass(frozen=True, kw_only=True)
class Occlusion:
    """What a sliding gray square does to an image's answer, per position (Zeiler & Fergus 2014, §4.2 and Fig 7)."""

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
    size: tuple[int, int]
    stride: tuple[int, int]
    fill: tuple[float, ...]
    """The square's value per channel, in the model's input units."""
    notes: tuple[str, ...] = ()
    """Sentences that the result says about itself, e.g. that images ran one by one."""
