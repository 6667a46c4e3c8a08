"""Pictures as PNG bytes."""

from __future__ import annotations

from io import BytesIO

from PIL.Image import Image


def to_png(image: Image) -> bytes:
    """Return the picture as PNG: lossless, without metadata, the same bytes for the same picture."""
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
