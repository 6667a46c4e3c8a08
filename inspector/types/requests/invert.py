"""Inversion: what of an image does a layer still know?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.images import Images


@verb("invert")
@dataclass(frozen=True, kw_only=True, eq=False)
class InvertRequest(ImagesRequest[Images]):
    """Make an image anew from what layers compute of it, and say how near it comes.

    Mahendran & Vedaldi 2015. Per image a picture "original", and for each layer an "inversion".
    """

    layers: tuple[str, ...] = option((), help="Names of layers, as `inspector layers` gives them.", short="l")
    preset: Literal["fourier", "pixels"] = option(
        "fourier",
        help="What is optimized: the Fourier spectrum, or pixels under total variation (as in the paper).",
    )
    steps: int = option(128, help="How many steps, for each layer.")
    rate: float | None = option(
        None, help="The first step's length, which falls to 0; default: the preset's."
    )
    total_variation: float | None = option(
        None, help="Weight of the mean of differences between neighbors; default: the preset's."
    )
    seed: int = option(0, help="Of the noise at the start.")
