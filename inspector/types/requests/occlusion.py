"""The occlusion figure: what hiding a part does, and what the strongest map sees here and elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.requests.occlude import as_fill, as_sizes
from inspector.types.results.figure import Figure
from inspector.types.targets import Target, as_target


@verb("occlusion")
@dataclass(frozen=True, kw_only=True, eq=False)
class OcclusionRequest(ImagesRequest[Figure]):
    """Slide a gray square over the first image, and show its strongest map's projection beside those of the others.

    Zeiler & Fergus 2014, §4.2 and Fig 7, all five columns. `occlude` gives the maps alone.
    """

    target: Target | None = option(
        None, help="What is watched; default: the most probable class.", take=as_target
    )
    layer: str | None = option(
        None, help="Whose strongest map is watched; default: the last with maps.", short="l"
    )
    size: tuple[int, ...] | None = option(
        None, help="Of the square, in input pixels; default: a fifth of the image.", take=as_sizes
    )
    stride: tuple[int, ...] | None = option(
        None, help="From square to square, in input pixels; default: a third of the size.", take=as_sizes
    )
    fill: tuple[float, ...] | None = option(
        None, help="The square's value, in the model's input units; default: gray.", take=as_fill
    )
    batch: int | None = option(None, help="How many occluded images run at once; default: as memory allows.")
    count: int = option(5, help="How many of the other images are shown, those that excite the map most.")
    method: str = option(
        "deconvnet", help="How units are projected to the image: a method of attribution, such as guided."
    )
