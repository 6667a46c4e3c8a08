"""Invariance: how much do features move when the image does?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.figure import Figure
from inspector.types.targets import Target, as_targets


@verb("invariance")
@dataclass(frozen=True, kw_only=True, eq=False)
class InvarianceRequest(ImagesRequest[Figure]):
    """Shift, enlarge and turn images: how far the features of layers move, and what the class's probability does.

    Zeiler & Fergus 2014, §4.1 and Fig 5.
    """

    targets: tuple[Target, ...] = option(
        (),
        help="What is watched: one, or one per image; default: each image's most probable class.",
        take=as_targets,
        python="target",
    )
    layers: tuple[str, ...] = option(
        (),
        help="Whose features are compared; default: the first, and the last before the classes.",
    )
    transformations: tuple[str, ...] = option(
        ("translate", "scale", "rotate"), help="What is done to the images: translate, scale, rotate."
    )
    shifts: tuple[float, ...] = option(
        (), help="Down the image, in input pixels; default: up to 27 % of the height, both ways."
    )
    scales: tuple[float, ...] = option((), help="Factors of enlargement; default: 1 to 1.8.")
    angles: tuple[float, ...] = option(
        (), help="In degrees, counterclockwise; default: all around in steps of 15."
    )
    border: Literal["reflect", "edge", "gray", "black", "white"] = option(
        "reflect", help="What comes in from beyond the border: the image mirrored, its edge, or a color."
    )
