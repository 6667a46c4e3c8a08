"""Activations: what do layers compute?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.activations import Activations


@verb("activations")
@dataclass(frozen=True, kw_only=True, eq=False)
class ActivationsRequest(ImagesRequest[Activations]):
    """Give what layers compute of images."""

    is_per_image: ClassVar[bool] = True

    layers: tuple[str, ...] = option((), help="Names of layers, as `inspector layers` gives them.", short="l")
    scale: Literal["map", "layer"] = option(
        "map",
        help="Over which range a map in the picture goes from dark to bright: its own, or that of its layer.",
    )
    order: Literal["number", "strength"] = option(
        "number", help="In which order the maps stand in the picture: by number, or the strongest first."
    )
