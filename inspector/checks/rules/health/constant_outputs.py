"""Outputs that do not change with the image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.activity import activity
from inspector.checks.rule import Found, rule
from inspector.types.arrays import Array

_LISTS = ("boxes", "class_map", "class_numbers", "points")
"""Meanings of outputs that may be 0 for images with nothing on them."""


@rule(
    "constant-outputs",
    family="health",
    severity="error",
    rationale="An output that is the same for different images knows nothing of them.",
    mend="Look where the image gets lost: the preprocessing (are all pixels 0?), then the first layer that is the same "
    "for different images.",
    needs=("images", "runs"),
)
def constant_outputs(examination: Examination) -> Iterator[Found]:
    """Find outputs of floats that are the same, bit for bit, for all of the first images, which differ.

    Outputs of 0 and 1 may be sure of a class, and are left out unless they are sure of all; so are lists of boxes and
    classes that are 0 where nothing was found, and outputs that no input reaches, which are another rule's.
    """
    seen = examination.measured(activity)
    if not seen.watched.differ:
        raise SkippedError("it needs images that differ, at least two.")
    may_be_empty = {one.name for one in examination.model.outputs if one.meaning in _LISTS}
    for name, values in seen.watched.constant.items():
        if values.size and not _may_be(values, is_empty=name in may_be_empty):
            yield Found(
                subject=name,
                kind="output",
                message=f"The output {name!r} is the same for all of {seen.images} different images.",
                measured=f"1 answer to {seen.images} images",
                allowed="different answers",
            )


def _may_be(values: Array, *, is_empty: bool) -> bool:
    """Return whether a network that sees may give such values for one image after another."""
    if not np.isin(values, (0, 1)).all():
        return False
    if not values.any():
        return is_empty
    return values.size == 1 or not values.all()
