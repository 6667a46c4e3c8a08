"""Words and numbers inside pictures: Pillow's own font, cut to fit."""

from __future__ import annotations

import unicodedata

from PIL import Image, ImageDraw, ImageFont

from inspector.render.arrange import PAPER

INK = (32, 34, 38)


Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font(size: int) -> Font:
    """Return the font that comes with Pillow, so that a picture is the same on every machine."""
    return ImageFont.load_default(size)


_SPELLED = str.maketrans(
    {"×": "x", "−": "-", "–": "-", "—": "-", "→": "->", "≤": "<=", "≥": ">=", "≈": "~", "²": "2", "µ": "u"}
    | {"Δ": "delta ", "Σ": "sum ", "ε": "epsilon", "σ": "sigma", "∞": "inf", "±": "+-", "’": "'"}
)
"""What stands for signs that Pillow's font does not have."""
_KNOWN = frozenset("…·°“”")
"""Signs beyond ASCII that it has."""


def drawable(text: str) -> str:
    """Return a text in letters that can be drawn: accents go, other signs become what they are read as, or "?"."""
    bare = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    return "".join(
        one if (one.isascii() and one.isprintable()) or one in _KNOWN else "?"
        for one in bare
        if not unicodedata.combining(one)
    )


def shorten(text: str, face: Font, *, width: float) -> str:
    """Return the text, or as much of it as fits into `width` pixels with dots at its end."""
    text = drawable(text)
    if face.getlength(text) <= width:
        return text
    cut = text
    while cut and face.getlength(cut + "...") > width:
        cut = cut[:-1]
    return cut.rstrip() + "..."


def line(text: str, *, width: int, size: int, left: bool = False) -> Image.Image:
    """Draw one line of dark text on white, in the middle of `width` pixels, or at their left edge."""
    face = font(size)
    picture = Image.new("RGB", (width, round(size * 1.5)), PAPER)
    at, anchor = ((0.0, picture.height / 2), "lm") if left else ((width / 2, picture.height / 2), "mm")
    words = shorten(text, face, width=width)
    ImageDraw.Draw(picture).text(at, words, fill=INK, font=face, anchor=anchor)
    return picture


def number(value: float, *, digits: int = 3) -> str:
    """Write a number with three significant digits, or whole where it is large: 0.0123, 4.56, 21,500."""
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def ends(low: float, high: float) -> tuple[str, str]:
    """Write the two ends of a range, with as many digits as tell them apart, seven at most."""
    for digits in range(3, 8):
        words = number(low, digits=digits), number(high, digits=digits)
        if low == high or words[0] != words[1]:
            break
    return words
