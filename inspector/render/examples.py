"""Examples as the paper draws them: a block of projections beside the block of patches that they are of."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from PIL import Image

from inspector.render.arrange import PAPER, beside, stack
from inspector.render.grid import fit
from inspector.render.text import line, number
from inspector.types.results.base import picture_of
from inspector.types.results.images import Example, ExampleRow, Examples

_CELL = 112
"""The side of a tile in a strip, in pixels."""
_BLOCK_SIDE = 264
"""About how wide a block of tiles is."""
_GAP = 3
_TEXT_SIZE = 15
_BLOCKS_ACROSS = 2
_MID = 127.5
"""The gray of nothing in a projection."""
OUTSIDE = 224
"""The gray of what lies beyond the image's edge."""


@picture_of(Examples)
def draw_examples(result: Examples) -> list[Image.Image]:
    """Draw the strongest examples of each unit.

    With projections there is a block of them beside a block of the patches, place by place (Zeiler & Fergus 2014,
    Fig 2); without, and where examples have captions, a row of tiles, each above its caption or its activation.
    """
    rows = [row for row in result.rows if row.examples]
    if rows and all(_is_block(row) for row in rows):
        across = min(_BLOCKS_ACROSS, len(rows))
        blocks = [_block(row) for row in rows]
        lines = [blocks[start : start + across] for start in range(0, len(blocks), across)]
        return [stack([_even(one, blocks) for one in lines], gap=_TEXT_SIZE)]
    strips = [_strip(row) for row in result.rows]
    return [stack(strips, gap=_TEXT_SIZE)] if strips else []


def _is_block(row: ExampleRow) -> bool:
    return all(one.projection is not None and not one.caption for one in row.examples)


def _even(line_of: Sequence[Image.Image], blocks: Sequence[Image.Image]) -> Image.Image:
    """Put blocks beside each other, all as wide as the widest."""
    width = max(one.width for one in blocks)
    wide = []
    for one in line_of:
        paper = Image.new("RGB", (width, one.height), PAPER)
        paper.paste(one, (0, 0))
        wide.append(paper)
    return beside(wide, gap=2 * _TEXT_SIZE)


def _block(row: ExampleRow) -> Image.Image:
    """Draw projections and patches of one unit as two squares."""
    columns = ceil(sqrt(len(row.examples)))
    side = _BLOCK_SIDE // columns
    projections = [_tile(one, of_projection=True, side=side) for one in row.examples]
    patches = [_tile(one, side=side) for one in row.examples]
    both = beside([_square(projections, columns), _square(patches, columns)], gap=2 * _GAP + 2)
    values = [one.value for one in row.examples]
    ends = (
        number(values[0]) if values[0] == values[-1] else f"{number(values[0])} down to {number(values[-1])}"
    )
    title = line(f"{row.title}: {ends}", width=max(both.width, 3 * _CELL), size=_TEXT_SIZE, left=True)
    return stack([title, both], gap=2)


def _square(tiles: Sequence[Image.Image], columns: int) -> Image.Image:
    rows = [beside(tiles[start : start + columns], gap=_GAP) for start in range(0, len(tiles), columns)]
    return stack(rows, gap=_GAP)


def _tile(one: Example, *, of_projection: bool = False, side: int) -> Image.Image:
    """Draw a patch, or its projection, in the middle of a square."""
    pixels = one.projection if of_projection and one.projection is not None else one.pixels
    picture = fit(Image.fromarray(pixels), (side, side))
    if of_projection and max(pixels.shape[:2]) > side:
        picture = _stretched(picture)
    paper = Image.new("RGB", (side, side), PAPER)
    paper.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return paper


def _stretched(projection: Image.Image) -> Image.Image:
    """Return a reduced projection in full contrast again: what alternates from pixel to pixel has averaged out."""
    signed = np.asarray(projection, np.float64) - _MID
    is_signal = np.abs(signed - (OUTSIDE - _MID)).max(axis=2) > 1
    magnitudes = np.abs(signed[is_signal])
    bound = float(np.percentile(magnitudes, 99.5)) if magnitudes.size else 0.0
    if not 0.5 < bound < _MID:  # nothing, or in full contrast already
        return projection
    clear = np.where(is_signal[..., None], np.clip(signed / bound, -1, 1) * _MID, signed)
    return Image.fromarray(np.rint(clear + _MID).astype(np.uint8))


def _strip(row: ExampleRow) -> Image.Image:
    """Draw a row of tiles: projections, where there are some, above the patches."""
    has_projections = any(one.projection is not None for one in row.examples)
    cards = []
    for one in row.examples:
        tiles = [_tile(one, side=_CELL)]
        if has_projections:
            tiles.insert(0, _tile(one, of_projection=True, side=_CELL))
        words = [one.caption] if one.caption else []
        lines = [line(text, width=_CELL, size=_TEXT_SIZE) for text in (*words, number(one.value))]
        cards.append(stack([*tiles, *lines], gap=2))
    width = max(len(cards) * (_CELL + 6) - 6, 4 * _CELL)
    title = line(row.title, width=width, size=_TEXT_SIZE, left=True)
    return stack([title, beside(cards, gap=6)], gap=2) if cards else title
