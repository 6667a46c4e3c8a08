"""Numbers in pictures."""

from __future__ import annotations

import pytest

from inspector.render.text import ends, number


@pytest.mark.parametrize(
    ("value", "words"), [(0.01234, "0.0123"), (4.56, "4.56"), (21500, "21,500"), (1e9, "1e+09"), (-2, "-2")]
)
def test_numbers_are_short(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.25, 0.5, ("0.25", "0.5")),
        (0.99984, 0.99991, ("0.9998", "0.9999")),
        (1 - 3e-6, 1, ("0.999997", "1")),
        (2, 2, ("2", "2")),
        (0.123456781, 0.123456782, ("0.1234568", "0.1234568")),
    ],
)
def test_the_ends_of_a_range_are_told_apart(low: float, high: float, words: tuple[str, str]) -> None:
    assert ends(low, high) == words
