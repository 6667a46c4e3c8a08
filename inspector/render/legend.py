"""What the colors of a picture mean: a bar for a range, a list for categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from inspector.render.arrange import PAPER, stack
from inspector.render.colormaps import Colormap, colorize
from inspector.render.text import INK, font, shorten

Rgb = tuple[int, int, int]


def color_bar(*, low: str, high: str, title: str, width: int, size: int, colormap: Colormap) -> Image.Image:
    """Draw a map's colors from low to high, with the two ends named to its sides and a title above."""
    face = font(size)
    strip = Image.new("RGB", (width, round(size * 1.3)), PAPER)
    left = round(face.getlength(low)) + size // 2
    right = max(left + 1, width - round(face.getlength(high)) - size // 2)
    ramp = np.linspace(-1.0 if colormap is Colormap.DIVERGING else 0.0, 1.0, right - left)
    colors = Image.fromarray(np.repeat(colorize(ramp, colormap)[None], size, axis=0))
    strip.paste(colors, (left, (strip.height - size) // 2))
    draw = ImageDraw.Draw(strip)
    draw.text((0, strip.height / 2), low, fill=INK, font=face, anchor="lm")
    draw.text((width, strip.height / 2), high, fill=INK, font=face, anchor="rm")
    return stack([_heading(title, width=width, size=size), strip], gap=0)


def color_key(entries: Sequence[tuple[Rgb, str]], *, title: str, width: int, size: int) -> Image.Image:
    """Draw a title, then one line per category: a swatch of its color and its name, cut to fit."""
    face = font(size)
    step = round(size * 1.5)
    picture = Image.new("RGB", (width, step * len(entries)), PAPER)
    draw = ImageDraw.Draw(picture)
    for row, (color, name) in enumerate(entries):
        top = row * step + (step - size) // 2
        draw.rectangle((0, top, size, top + size), fill=color)
        at = (size * 1.6, row * step + step / 2)
        draw.text(at, shorten(name, face, width=width - at[0]), fill=INK, font=face, anchor="lm")
    return stack([_heading(title, width=width, size=size), picture], gap=0)


def _heading(title: str, *, width: int, size: int) -> Image.Image:
    face = font(size)
    heading = Image.new("RGB", (width, round(size * 1.4)), PAPER)
    ImageDraw.Draw(heading).text((0, 0), shorten(title, face, width=width), fill=INK, font=face)
    return heading
