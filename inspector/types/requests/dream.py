"""Dreams: a photograph in which a layer sees more and more of what it sees already."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.requests.occlude import as_sizes
from inspector.types.results.images import Images
from inspector.types.targets import Target, as_target


@verb("dream")
@dataclass(frozen=True, kw_only=True, eq=False)
class DreamRequest(ImagesRequest[Images]):
    """Amplify what a layer, a channel or a class sees in images, octave by octave (DeepDream).

    Mordvintsev et al. 2015. A `Unit` without a channel is its whole layer: the mean square of all that it computes. Per
    image a picture "original" and a "dream".
    """

    target: Target | None = option(
        None, help="What is amplified; default: a layer at two thirds of the way.", take=as_target
    )
    octaves: int = option(4, help="At how many sizes, from the smallest to that of the picture.")
    octave_scale: float = option(1.4, help="From one size to the next.")
    steps: int = option(12, help="How many steps at each size.")
    rate: float = option(0.08, help="How long a step is, in the picture's unbounded values.")
    jitter: float = option(16.0, help="How many pixels a view moves, at most: it hides the seams.")
    size: tuple[int, ...] | None = option(
        None,
        help="Of the dream; default: the photograph's, or where the model takes one size, that size grown by all "
        "octaves: it sees the picture in parts then.",
        take=as_sizes,
    )
    seed: int = option(0, help="Of the views.")
