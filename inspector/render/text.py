"""Words and numbers inside pictures: Pillow's own font, cut to fit."""

from __future__ import annotations

from unicodedata import normalize

from PIL import Image, ImageDraw, ImageFont

from inspector.render.arrange import PAPER

INK = (32, 34, 38)

_KNOWN = frozenset("©«°±´·»‘’“”…‹›⁄™")
"""Signs that Pillow's own font has beside those of ASCII."""
_SPELLED = {
    "×": "x",
    "−": "-",
    "–": "-",
    "—": "-",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "∞": "inf",
    "Σ": "sum",
    "√": "sqrt",
    "Δ": "delta",
    "ε": "epsilon",
    "σ": "sigma",
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
}
"""How signs are spelled that the font does not have."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font(size: int) -> Font:
    """Return the font that comes with Pillow, so that a picture is the same on every machine."""
    return ImageFont.load_default(size)


def drawable(text: str) -> str:
    """Return a text in letters that the font has: others lose their accents, are spelled out, or become "?"."""
    return text if text.isascii() and text.isprintable() else "".join(map(_letter, text))


def _letter(given: str) -> str:
    if (given.isascii() or given in _KNOWN) and given.isprintable():
        return given
    plain = "".join(one for one in normalize("NFKD", given) if one.isascii() and one.isprintable())
    return _SPELLED.get(given) or plain or (" " if given.isspace() else "?")


def shorten(text: str, face: Font, *, width: float) -> str:
    """Return the text in letters that can be drawn, or as much of it as fits into `width` pixels, dots at its end."""
    text = drawable(text[: int(width) + 1])  # a letter takes a pixel at least
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
