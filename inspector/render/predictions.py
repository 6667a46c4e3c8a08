"""What a detector or a segmenter found, over the photograph."""

from __future__ import annotations

from collections import Counter

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from inspector.render.arrange import PAPER, stack
from inspector.render.colormaps import CATEGORIES, OTHER_CATEGORY
from inspector.render.legend import Rgb, color_key
from inspector.render.overlay import PhotoArray, blend
from inspector.render.text import font, shorten
from inspector.types.arrays import Array
from inspector.types.results.predictions import Box, Prediction

SMALLEST_SIDE = 480
"""A smaller photograph is enlarged to this width, so that boxes can be told apart and words be read."""
_TEXT_SIZE = 13
_MARGIN = 8
_ALPHA = 0.55
_WHITE = (255, 255, 255)


def boxes_picture(photo: PhotoArray, boxes: tuple[Box, ...]) -> Image.Image:
    """Draw boxes with their classes; each class has a color of its own."""
    factor = _factor(photo)
    picture = _enlarged(Image.fromarray(photo), factor)
    draw, face = ImageDraw.Draw(picture), font(_TEXT_SIZE)
    colors = _colors([box.index for box in boxes])
    for box in reversed(boxes):  # the surest on top
        if box.corners is None:
            continue
        left, top, right, bottom = (round(corner * factor) for corner in box.corners)
        color = colors[box.index]
        draw.rectangle(
            (min(left, right), min(top, bottom), max(left, right), max(top, bottom)), outline=color, width=2
        )
        words = shorten(f"{_name(box.label, box.index)} {box.confidence:.2f}", face, width=picture.width / 2)
        height = round(_TEXT_SIZE * 1.3)
        at = (max(left, 0), max(top - height, 0))
        draw.rectangle((*at, at[0] + round(face.getlength(words)) + 6, at[1] + height), fill=color)
        draw.text((at[0] + 3, at[1] + height / 2), words, fill=_WHITE, font=face, anchor="lm")
    return picture


def map_picture(photo: PhotoArray, prediction: Prediction) -> Image.Image | None:
    """Draw the class of each place in a color; places of no class stay bare. None where a map does not lie over it."""
    numbers = prediction.map
    numbers = None if numbers is None else np.squeeze(numbers)
    if numbers is None or numbers.ndim != 2:
        return None
    colors = _colors(numbers[numbers >= 0].reshape(-1).tolist())
    painted = np.full((*numbers.shape, 3), OTHER_CATEGORY, np.uint8)
    for index, color in colors.items():
        painted[numbers == index] = color
    over, is_there = (_stretched(one, photo) for one in (painted, (numbers >= 0).astype(np.uint8)))
    mixed = np.where(is_there[..., None] > 0, np.asarray(blend(photo, over, alpha=_ALPHA)), photo)
    picture = _enlarged(Image.fromarray(mixed.astype(np.uint8)), _factor(photo))
    names = {one.index: _name(one.label, one.index) for one in prediction.classes}
    shares = Counter(numbers.reshape(-1).tolist())
    entries: list[tuple[Rgb, str]] = [
        (color, f"{names.get(index, f'class {index}')} ({shares[index] / numbers.size:.0%})")
        for index, color in colors.items()
    ]
    if not entries:
        return picture
    key = color_key(entries, title="Class of each place", width=picture.width - 2 * _MARGIN, size=_TEXT_SIZE)
    return stack([picture, ImageOps.expand(key, (_MARGIN, 0, _MARGIN, _MARGIN), PAPER)], gap=_MARGIN)


def _colors(indices: list[int]) -> dict[int, Rgb]:
    """Return a color for each of the most frequent classes, and one for all others."""
    counts = Counter(indices)
    order = sorted(counts, key=lambda index: (-counts[index], index))
    return {
        index: CATEGORIES[place] if place < len(CATEGORIES) else OTHER_CATEGORY
        for place, index in enumerate(order)
    }


def _stretched(values: Array, photo: PhotoArray) -> Array:
    size = (photo.shape[1], photo.shape[0])
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.NEAREST))


def _factor(photo: PhotoArray) -> int:
    return max(1, -(-SMALLEST_SIDE // int(photo.shape[1])))


def _enlarged(picture: Image.Image, factor: int) -> Image.Image:
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.BILINEAR)


def _name(label: str | None, index: int) -> str:
    return label or f"class {index}"
