"""Features: what describes images in one vector each?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.vectors import Vectors

Pooling = Literal["mean", "max", "none"]


@verb("features")
@dataclass(frozen=True, kw_only=True, eq=False)
class FeaturesRequest(ImagesRequest[Vectors]):
    """Give one feature vector per image, from any layer."""

    is_per_image: ClassVar[bool] = True

    layer: str | None = option(
        None, help="A layer's name; default: what the last dense layer reads.", short="l"
    )
    pooling: Pooling = option(
        "mean", help="How maps become one vector: mean, max, or none for all their elements."
    )
