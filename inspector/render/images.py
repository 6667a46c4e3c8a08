"""Pictures that a verb made: as they are, or beside those that they are to be compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image

from inspector.render.arrange import beside, stack
from inspector.render.grid import fit
from inspector.render.text import line
from inspector.types.results.base import picture_of
from inspector.types.results.images import Images, Picture

_LEAST = 224
"""The side that a small picture is enlarged to where it has a caption, in pixels."""
_GAP = 6
_TEXT_SIZE = 14


@picture_of(Images)
def draw_images(result: Images) -> list[Image.Image]:
    """Give the pictures as they are; where they have different roles, those of one kind of row side by side.

    A row begins wherever the role of the first picture comes again: an image as it was, as it became, and the change.
    """
    if len({one.role for one in result.images}) < 2:
        return [Image.fromarray(one.pixels) for one in result.images]
    return [beside([_card(one) for one in row], gap=_GAP) for row in _rows(result.images)]


def _rows(pictures: Sequence[Picture]) -> Iterator[list[Picture]]:
    row: list[Picture] = []
    for one in pictures:
        if row and one.role == pictures[0].role:
            yield row
            row = []
        row.append(one)
    yield row


def _card(one: Picture) -> Image.Image:
    picture = Image.fromarray(one.pixels)
    if max(picture.size) < _LEAST:
        picture = fit(picture, (_LEAST, _LEAST))
    width = max(picture.width, _LEAST)
    lines = [line(text, width=width, size=_TEXT_SIZE, left=True) for text in _wrapped(one.caption)]
    return stack([picture, *lines], gap=2)


def _wrapped(caption: str) -> list[str]:
    """Return a caption with a line for each of its parts, of which ";" and ":" end one; the font has no ×."""
    parts = caption.replace("×", "x").replace("; ", ";\n").replace(": ", ":\n").split("\n")
    return [part for part in parts if part]
