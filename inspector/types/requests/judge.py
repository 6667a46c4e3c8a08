"""Judging: can a map be believed?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from inspector.errors import InvalidInputError, in_brief, nearest
from inspector.types.arrays import Array
from inspector.types.given import as_array, as_texts
from inspector.types.requests.attribute import as_options
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.figure import Figure
from inspector.types.targets import Target, as_targets

MEASURES = (
    "deletion",
    "insertion",
    "infidelity",
    "sensitivity",
    "completeness",
    "pointing",
    "randomization",
)


def as_measures(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Read names of measures; None for all that apply."""
    if value is None:
        return None
    found = as_texts(value)
    if not found:
        raise InvalidInputError(
            f"measures is {in_brief(value, long='a {}')}; give some of {', '.join(MEASURES)}."
        )
    for name in found:
        if name not in MEASURES:
            raise InvalidInputError(
                f"There is no measure {in_brief(name)}; there are {', '.join(MEASURES)}.{nearest(name, MEASURES)}",
                reason="UNKNOWN_ENUM",
            )
    return tuple(dict.fromkeys(found))


def as_boxes(value: Array | Sequence[Sequence[float]] | None) -> Array | None:
    """Read boxes, float64 (B, 4) or (B, 5); None for none."""
    if value is None:
        return None
    found = as_array(value)
    if found is None or found.ndim != 2 or found.shape[1] not in (4, 5) or not len(found):
        shown = in_brief(value, long="a {}") if found is None else f"an array of shape {found.shape}"
        raise InvalidInputError(
            f"boxes is {shown}; give rows of top, left, bottom, right in input pixels, or of the image's index and "
            "those."
        )
    if found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise InvalidInputError("boxes holds what are no finite numbers; give pixels.")
    return found.astype(np.float64)


@verb("judge")
@dataclass(frozen=True, kw_only=True, eq=False)
class JudgeRequest(ImagesRequest[Figure]):
    """Judge a map by what the model does: deletion, insertion, infidelity, sensitivity, …, beside maps of no meaning.

    Each measure stands beside the same of a random map and of a centered Gaussian: what is no better than those says
    nothing about this model and image.
    """

    method: str = option("saliency", help="The attribution method that is judged.", short="m")
    targets: tuple[Target, ...] = option(
        (), help="What is explained; default: the most probable class.", take=as_targets, python="target"
    )
    options: Mapping[str, Any] = option({}, help="The method's own options, by name.", take=as_options)
    map: Array | None = option(
        None,
        help="A map of your own in the method's place: one image's size, or its input's; or one per image.",
    )
    measures: tuple[str, ...] | None = option(
        None, help=f"Some of {', '.join(MEASURES)}; default: all that apply.", take=as_measures
    )
    boxes: Array | None = option(
        None,
        help="Where the object is, in input pixels: rows of (the image's index, if several,) top, left, bottom, right.",
        take=as_boxes,
    )
    removals: int = option(50, help="Steps of the curves of deletion and insertion.")
    deleted: Literal["gray", "black", "white", "blur"] = option("gray", help="What deleted pixels become.")
    hidden: Literal["gray", "black", "white", "blur"] = option(
        "blur", help="What pixels are before they are inserted."
    )
    perturbations: int = option(50, help="How many noisy images infidelity is taken over.")
    spread: float = option(
        0.02, help="Standard deviation of infidelity's noise, as a share of the image's range."
    )
    neighbors: int = option(10, help="How many images near the given one sensitivity is taken over.")
    radius: float = option(
        0.02, help="How far sensitivity moves each value, as a share of the image's range."
    )
    randomizations: int = option(4, help="How many times more of the layers are randomized, from the top.")
    threshold: float = option(
        0.2,
        help="The share of a map's maximum above which a pixel counts as marked, for the overlap with boxes.",
    )
    tolerance: int | None = option(
        None, help="How many pixels beside a box still hit it; default: a fifteenth of the image, at most 15."
    )
    trial: int = option(0, help="The seed of everything that is drawn.")
