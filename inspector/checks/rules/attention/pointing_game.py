"""Maps whose maximum lies beside the object."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.boxed import Boxed, boxed_images, pictured
from inspector.checks.rule import Found, rule
from inspector.errors import InvalidInputError, UnsupportedOperatorError
from inspector.methods.judging.pointing import hit, inside
from inspector.methods.judging.subject import plane_of
from inspector.methods.registration import registered
from inspector.methods.verbs import answer_to
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.results.images import Images, Picture

_TOLERANCE = 15
"""The share of an image's longer side that still counts as the object, and so many pixels at most (Zhang et al.)."""
_MOST_PICTURES = 4


@rule(
    "pointing-game",
    family="attention",
    severity="warning",
    rationale="A model whose evidence lies beside the object was right for another reason: a background that came with "
    "the class, a text, the border.",
    mend="Look at the map; train with the object before other backgrounds. Check that the boxes are in pixels of the "
    "model's input.",
    needs=("images", "boxes", "runs"),
)
def pointing_game(
    examination: Examination, *, method: str = "gradcam", tolerance: int = -1, images: int = 8
) -> Iterator[Found]:
    """Find images on which the strongest place of a map of the most probable class lies outside of the boxes.

    Zhang et al. 2016, §4.1: a hit is what lies in a box, or at most `tolerance` pixels beside it; a fifteenth of the
    image, and 15 pixels at most, where that is negative. `method` is the attribution method whose map is taken, on so
    many of the images with boxes.
    """
    registered(method)
    hits: list[float] = []
    pictures: list[Picture] = []
    for one in boxed_images(examination, most=images):
        plane = _plane(examination, one, method)
        wider = min(_TOLERANCE, max(one.size) // _TOLERANCE) if tolerance < 0 else tolerance
        share = hit(plane, inside(one.boxes, one.size, wider=wider))
        hits.append(share)
        if share < 0.5:
            row, column = (int(place) for place in np.unravel_index(int(plane.argmax()), plane.shape))
            if len(pictures) < _MOST_PICTURES:
                pixels = pictured(examination, one, plane)
                pictures.append(Picture(pixels=pixels, caption=f"{one.name}: {method} and the boxes"))
            yield Found(
                subject=one.name,
                kind="image",
                message=f"The strongest place of {method!r} on {one.name} lies outside of the object.",
                measured=f"row {row}, column {column}",
                allowed=f"within {_shown(one.boxes)}, or {wider} pixels beside",
            )
    if hits:
        examination.tell("pointing_hits", float(np.mean(hits)))
    if pictures:
        caption = "The map of the most probable class; the boxes are where the object is said to be."
        examination.show("pointing-game", Images(images=tuple(pictures)), caption=caption)


def _plane(examination: Examination, one: Boxed, method: str) -> Array:
    """Return how important each pixel is; SkippedError where the model is none for the method."""
    try:
        maps = answer_to(examination.run, AttributeRequest(images=Prepared(one.image), method=method))
    except (InvalidInputError, UnsupportedOperatorError) as error:
        raise SkippedError(f"{method} cannot be taken of this model: {error.message}") from error
    return plane_of(maps.maps[0], picture=maps.picture, layout=maps.layout)


def _shown(boxes: Array) -> str:
    """Say where a few boxes are."""
    ends = [
        f"rows {top:g}–{bottom:g}, columns {left:g}–{right:g}"
        for top, left, bottom, right in boxes[:2].tolist()
    ]
    return " or ".join(ends) + (f" or {len(boxes) - 2} more" if len(boxes) > 2 else "")
