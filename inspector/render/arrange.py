"""Pictures below or beside each other on white paper."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

PAPER = (255, 255, 255)


def stack(pictures: Sequence[Image.Image], *, gap: int) -> Image.Image:
    """Put pictures below each other, left edges in line."""
    width = max(picture.width for picture in pictures)
    height = sum(picture.height for picture in pictures) + gap * (len(pictures) - 1)
    whole = Image.new("RGB", (width, height), PAPER)
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height + gap
    return whole


def beside(pictures: Sequence[Image.Image], *, gap: int) -> Image.Image:
    """Put pictures beside each other, upper edges in line."""
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    height = max(picture.height for picture in pictures)
    whole = Image.new("RGB", (width, height), PAPER)
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width + gap
    return whole
