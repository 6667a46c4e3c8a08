"""What one source says about the preprocessing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inspector.types.preprocessing import PreprocessingLike


@dataclass(frozen=True, kw_only=True)
class PartFound:
    """Some fields of Preprocessing, in its flat or JSON form, and where they stand."""

    source: str
    """For people, e.g. "metadata_props Image.NominalPixelRange"."""
    fields: PreprocessingLike
    likely: Mapping[str, Any] = field(default_factory=dict)
    """Fields that it only makes likely: they are taken where no other source says them, and are assumed."""
    takes: tuple[float, float] | None = None
    """Between which values the graph wants pixels, black and white, where that is certain."""
