"""The occlusion figure: what hiding a part does, and what the strongest map sees here and elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.requests.base import option, verb
from inspector.types.requests.occlude import SlidingRequest
from inspector.types.results.figure import Figure


@verb("occlusion")
@dataclass(frozen=True, kw_only=True, eq=False)
class OcclusionRequest(SlidingRequest[Figure]):
    """Slide a gray square over the first image, and show its strongest map's projection beside those of the others.

    Zeiler & Fergus 2014, §4.2 and Fig 7, all five columns. `occlude` gives the maps alone.
    """

    count: int = option(5, help="How many of the other images are shown, those that excite the map most.")
    method: str = option(
        "deconvnet", help="How units are projected to the image: a method of attribution, such as guided."
    )
