"""Health: which filters are dead, dominant, aliased or alike?"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.requests.base import OptionalImagesRequest, option, verb
from inspector.types.results.figure import Figure


@verb("health")
@dataclass(frozen=True, kw_only=True, eq=False)
class HealthRequest(OptionalImagesRequest[Figure]):
    """Examine the filters of convolutions: their size, dead and dominant ones, aliasing, duplicates.

    Zeiler & Fergus 2014, §4.1 and Fig 6. Dead filters are found over images; all else is read off the weights.
    """

    layers: tuple[str, ...] = option(
        (), help="Convolutions; default: all, of which marked filters are told.", short="l"
    )
    largest_rms: float = option(
        0.1, help="Above it a filter of pixels is too large; the paper's, for pixels of about −128 to 128."
    )
    dominance: float = option(
        4.0, help="A filter is dominant whose RMS is so many times the median of its layer."
    )
    aliasing: float | None = option(
        None,
        help="A filter is aliased of whose energy a larger share is above its stride's Nyquist frequency; default: "
        "that of an impulse.",
    )
    likeness: float = option(0.95, help="Filters are duplicates whose weights correlate by more.")
