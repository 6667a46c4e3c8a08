"""What a mutation draws from: one seeded source of odd numbers, texts and bytes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

WHOLE = (
    0, 1, -1, 2, 3, 4, 5, 7, 8, 16, 17, 255, 256, 1000, 65535, 65536, 2**31 - 1, -(2**31), 2**31, 2**32, 2**40,
    2**62, -(2**62), 2**63 - 1, -(2**63),
)  # fmt: skip
REAL = (
    0.0,
    -0.0,
    0.5,
    1.0,
    -1.0,
    255.0,
    float("nan"),
    float("inf"),
    float("-inf"),
    1e38,
    -1e38,
    1e-45,
    1e308,
)
TEXTS = (
    "", "x", "a\0b", "a\nb", "../../etc/passwd", "<script>", "\x1b[31m", "\u202e", "é", "n" * 5000, "%s%n", "{}", "0",
    "null", "[]", '{"a": 1}', "NCHW", "RGB", "SAME_UPPER", "linear", "cubic", "reflect", "ij,jk->ik", "...->...",
)  # fmt: skip


class Draw:
    """A seeded source; what it gives depends on the seed alone."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311 — chance, not secrets

    def pick(self, items: Sequence[T]) -> T:
        """Return one of several."""
        return self.random.choice(items)

    def chance(self, share: float) -> bool:
        """Return True in that share of the calls."""
        return self.random.random() < share

    def below(self, bound: int) -> int:
        """Return a number from 0 up to a bound, which is left out; 0 for a bound of 0."""
        return self.random.randrange(bound) if bound > 0 else 0

    def whole(self) -> int:
        """Return a whole number of 64 bits: one at an edge, or a small one."""
        return self.pick(WHOLE) if self.chance(0.6) else self.random.randint(-10, 40)

    def real(self) -> float:
        """Return a number: an odd one, or one of no account."""
        return self.pick(REAL) if self.chance(0.7) else self.random.uniform(-3, 3)

    def text(self) -> str:
        """Return a text that somebody may have forgotten."""
        return self.pick(TEXTS)

    def bytes(self, most: int) -> bytes:
        """Return up to `most` random bytes."""
        return self.random.randbytes(self.below(most + 1))
