"""Pictures as PNG bytes."""

from __future__ import annotations

from io import BytesIO

from PIL.Image import Image

from inspector.types.results.base import Result, shown_as


def to_png(image: Image) -> bytes:
    """Return the picture as PNG: lossless, without metadata, the same bytes for the same picture."""
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


@shown_as("png")
def to_pngs(result: Result) -> tuple[bytes, ...]:
    """Return the pictures of a result as PNG files."""
    return tuple(map(to_png, result.pictures()))
