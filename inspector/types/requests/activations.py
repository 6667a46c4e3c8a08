"""Activations: what do layers compute?"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.activations import Activations


@verb("activations")
@dataclass(frozen=True, kw_only=True, eq=False)
class ActivationsRequest(ImagesRequest[Activations]):
    """Give what layers compute of images."""

    layers: tuple[str, ...] = option((), help="Names of layers, as `inspector layers` gives them.", short="l")
