"""Results as PNG files."""

from __future__ import annotations

from inspector.render.png import to_png
from inspector.types.results.base import Result


def rendered(result: Result) -> tuple[bytes, ...]:
    """Return the pictures of a result as PNG files."""
    return tuple(map(to_png, result.pictures()))
