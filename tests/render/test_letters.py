"""Words in pictures: every letter is one that the font has, whatever a label is written in."""

from __future__ import annotations

import pytest

from inspector.render.text import drawable, font, shorten

MISSING = "\u0378"
"""No letter at all: a font draws its sign for what it has not."""


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ("Égyptian cat ×3", "Egyptian cat x3"),
        ("Schäferhund, groß", "Schaferhund, gross"),
        ("−1 … 2 °", "-1 … 2 °"),
        ("猫 cat", "? cat"),
        ("two\nlines\tand\x1b[31m", "two lines and?[31m"),
    ],
)
def test_letters_that_the_font_does_not_have_are_spelled_by_others(given: str, drawn: str) -> None:
    assert drawable(given) == drawn
    assert shorten(given, font(15), width=1000) == drawn


def test_no_letter_is_drawn_as_missing() -> None:
    face = font(15)
    missing = bytes(face.getmask(MISSING))
    for number in range(32, 0x2500):
        for letter in drawable(chr(number)):
            assert letter == " " or bytes(face.getmask(letter)) != missing, hex(number)
