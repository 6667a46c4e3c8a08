"""Synthesis: what picture does a target like best?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector.types.requests.base import OptionalImagesRequest, option, verb
from inspector.types.requests.occlude import as_sizes
from inspector.types.results.images import Images
from inspector.types.targets import Target, as_targets

Preset = Literal["naive", "four-tricks", "clear", "crops", "spectrum"]
OptimizerName = Literal["ascent", "momentum", "rmsprop", "adam", "nadam"]


@verb("synthesize")
@dataclass(frozen=True, kw_only=True, eq=False)
class SynthesizeRequest(OptionalImagesRequest[Images]):
    """Make pictures that a class, a unit, a channel, a direction or any part of a layer likes best, from noise.

    Erhan et al. 2009; Simonyan et al. 2014, §2; Olah et al. 2017; Fel et al. 2023. A `Unit` without a position is its
    channel, the mean of the whole map; a class of a map of classes the mean over all places.
    """

    targets: tuple[Target, ...] = option(
        (), help="What is to grow; each gets pictures of its own.", take=as_targets, python="target"
    )
    preset: Preset = option(
        "clear",
        help="A recipe: naive, four-tricks, clear (Fourier, decorrelated colors, jitter, scale, rotation), crops, or "
        "spectrum (phases under a fixed spectrum, MACO). What is given beside it changes it.",
    )
    weights: tuple[float, ...] | None = option(
        None,
        help="One per target: then all targets share one picture, each with its weight; below 0 to avoid it.",
    )
    steps: int | None = option(None, help="How many steps uphill; default: the preset's.")
    samples: int = option(1, help="How many pictures each target gets.", short="n")
    diversity: float | None = option(
        None, help="How much the samples of a target are to differ; default: 1 where there are several."
    )
    layer: str | None = option(
        None,
        help="Where samples are to differ; default: the last layer with maps below the target.",
        short="l",
    )
    seed: int = option(0, help="Of the noise and the views; the same seed gives the same pictures.")
    size: tuple[int, ...] | None = option(
        None,
        help="Of the pictures, where the model leaves it free: one number, or height and width.",
        take=as_sizes,
    )
    parameterization: Literal["pixels", "fourier", "phase"] | None = option(
        None, help="What is optimized: pixels, the Fourier spectrum, or its phases under a fixed spectrum."
    )
    decay: float | None = option(
        None, help="Of the spectrum, f^-decay; default: 1, and 1.2 under a fixed one, as in photographs."
    )
    colors: Literal["decorrelated", "plain"] | None = option(
        None, help="Whether colors are optimized as natural pictures mix them, or each by itself."
    )
    jitter: float | None = option(None, help="How many pixels a view moves, at most.")
    scale: float | None = option(None, help="By how much a view is larger or smaller, at most; 0.1 for 10 %.")
    rotate: float | None = option(None, help="By how many degrees a view is turned, at most.")
    crops: int | None = option(None, help="How many views of a picture a step shows.")
    crop: tuple[float, ...] | None = option(
        None,
        help="The side of random parts that are shown, in parts of the picture: first and last, such as 0.9,0.4.",
    )
    noise: float | None = option(None, help="The standard deviation of what is added to a view, in 0 to 1.")
    total_variation: float | None = option(None, help="Weight of the mean of differences between neighbors.")
    lp_norm: float | None = option(None, help="Weight of the mean sixth power of the distance from gray.")
    l2_norm: float | None = option(None, help="Weight of the mean square of the distance from gray.")
    optimizer: OptimizerName | None = option(None, help="Of the steps; default: the preset's.")
    rate: float | None = option(None, help="The learning rate; default: the preset's.")
    open_steps: int | None = option(
        None,
        help="Through how many first steps the gradient passes rectifiers as if they were open; default: 16 where else "
        "none comes through.",
    )
    models: tuple[str, ...] = option(
        (), help="Other models that say what they make of the pictures: files, or ids on a service."
    )
