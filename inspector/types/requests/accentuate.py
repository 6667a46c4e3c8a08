"""Accentuation: what of this photograph would a target like more?"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.images import Images
from inspector.types.targets import Target, as_targets


@verb("accentuate")
@dataclass(frozen=True, kw_only=True, eq=False)
class AccentuateRequest(ImagesRequest[Images]):
    """Make images more like what a class or a unit likes, and keep them near to what they are.

    Hamblin et al. 2024. Three pictures per image: "original", "accentuated", "change".
    """

    targets: tuple[Target, ...] = option(
        (),
        help="What is to grow, one for all images or one each; default: each image's most probable class.",
        take=as_targets,
        python="target",
    )
    steps: int = option(64, help="How many steps.")
    rate: float = option(0.03, help="How long a step is.")
    closeness: float = option(
        300.0, help="Weight of the mean square of the change, in 0 to 1: how near it stays."
    )
    jitter: float = option(8.0, help="How many pixels a view moves, at most.")
    scale: float = option(0.05, help="By how much a view is larger or smaller, at most.")
    rotate: float = option(5.0, help="By how many degrees a view is turned, at most.")
    seed: int = option(0, help="Of the views.")
