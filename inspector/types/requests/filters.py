"""Filters: what does a layer look for, as its weights say it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from inspector.types.requests.base import Request, option, verb
from inspector.types.requests.top import as_channels
from inspector.types.results.filters import Filters


@verb("filters")
@dataclass(frozen=True, kw_only=True, eq=False)
class FiltersRequest(Request[Filters]):
    """Give a layer's weights, quantized ones dequantized, as filters in colors or as grids (Zeiler & Fergus, Fig 6)."""

    runs_model: ClassVar[bool] = False

    layer: str | None = option(None, help="A layer's name; default: the first with weights.", short="l")
    channels: tuple[int, ...] = option((), help="Which filters; default: all.", take=as_channels)
    scale: Literal["filter", "layer"] = option(
        "filter",
        help="Over which range a filter in the picture goes from dark to bright: its own, or that of its layer, which "
        "shows one that dominates.",
    )
    order: Literal["number", "strength"] = option(
        "number", help="By number, or those with the largest root mean square first."
    )
