"""One picture and its nearest neighbors in a row."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageOps

from inspector.errors import InvalidInputError
from inspector.render.arrange import beside, stack
from inspector.render.grid import tile
from inspector.render.text import INK, line, number

_TEXT_SIZE = 15


def neighbor_strip(
    query: Image.Image,
    neighbors: Sequence[Image.Image],
    distances: Sequence[float],
    *,
    cell: int = 128,
    name: str = "query",
) -> Image.Image:
    """Draw the query in a frame, then its neighbors as given, each above its distance."""
    if len(neighbors) != len(distances):
        raise InvalidInputError(
            f"There are {len(neighbors)} neighbors and {len(distances)} distances; give one for each.",
            field="distances",
        )
    cards = [_card(query, name, cell=cell, frame=3)]
    cards += [
        _card(picture, number(distance), cell=cell)
        for picture, distance in zip(neighbors, distances, strict=True)
    ]
    return beside(cards, gap=8)


def _card(picture: Image.Image, words: str, *, cell: int, frame: int = 0) -> Image.Image:
    inner = cell - 2 * frame
    framed = ImageOps.expand(tile([picture.convert("RGB")], cell=(inner, inner)), frame, INK)
    return stack([framed, line(words, width=cell, size=_TEXT_SIZE)], gap=2)
