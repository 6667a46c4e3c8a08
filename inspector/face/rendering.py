"""Results as PNG files."""

from __future__ import annotations

from inspector.types.results.base import Result, way


def rendered(result: Result) -> tuple[bytes, ...]:
    """Return the pictures of a result as PNG files; what draws is imported when it is first needed."""
    found: tuple[bytes, ...] = way("png")(result)
    return found
