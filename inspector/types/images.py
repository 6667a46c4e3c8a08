"""Images as callers have them, and as a model takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.types.arrays import Array

ImageLike = object
"""A path, encoded bytes, a PIL image, a uint8 picture (H, W, 3) or (H, W), a float array as the model's input, a
Prepared batch, or a list of those."""


MOST_LISTS = 8
"""How deep lists of images may lie in lists; one that holds itself has no end."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A batch as the model takes it: decoded, preprocessed and checked once."""

    values: Array
    """(N, *image) in the dtype and layout of the model's image input."""

    from_pictures: bool = False
    """Whether the model's preprocessing made any of them of a picture; arrays as the model takes them need none."""

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice | list[int]) -> Prepared:
        return Prepared(self.values[rows], from_pictures=self.from_pictures)


def joined(batches: Sequence[Prepared]) -> Prepared:
    """Return batches of images of one size as one batch."""
    if len(batches) == 1:
        return batches[0]
    return Prepared(
        np.concatenate([one.values for one in batches]),
        from_pictures=any(one.from_pictures for one in batches),
    )
