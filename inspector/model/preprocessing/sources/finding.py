"""What one source says about the preprocessing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TO_UNIT = 1 / 255
"""Brings 0..255 to 0..1."""


@dataclass(frozen=True, kw_only=True)
class PartFound:
    """Some fields of Preprocessing, in its flat or JSON form, and where they stand."""

    source: str
    """For people, e.g. "metadata_props Image.NominalPixelRange"."""
    fields: Mapping[str, Any]
