"""Fooling: how little must change until another class wins?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.images import Images
from inspector.types.targets import Target, as_targets


@verb("fool")
@dataclass(frozen=True, kw_only=True, eq=False)
class FoolRequest(ImagesRequest[Images]):
    """Change images within a bound until another class wins, and show the change.

    Goodfellow et al. 2015 (FGSM), Madry et al. 2018 (PGD). Three pictures per image: "original", "fooled", "change".
    """

    targets: tuple[Target, ...] = option(
        (),
        help="The class that is to win, one for all images or one each; default: any but the one that wins now.",
        take=as_targets,
        python="target",
    )
    attack: Literal["pgd", "fgsm"] = option(
        "pgd", help="pgd: many small steps; fgsm: one step of the whole bound."
    )
    bound: float | None = option(
        None,
        help="By how much a value may change: in gray levels (of 255) of the picture, or in the input's units (see "
        "unit); default: 2 levels, or 2/255 of the image's range.",
    )
    unit: Literal["auto", "pixels", "input"] = option(
        "auto", help="Of the bound and the step: auto is pixels where the preprocessing is known, else input."
    )
    steps: int | None = option(None, help="Of PGD; default: 20.")
    step_size: float | None = option(None, help="Of PGD, as the bound; default: 2.5 · bound / steps.")
    random_start: bool = option(default=True, help="Whether PGD starts at a random place within the bound.")
    seed: int | None = option(None, help="Of the random start; default: 0.")
