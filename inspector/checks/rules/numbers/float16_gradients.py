"""Gradients that float16 does not have, since they are too small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.conversion import LEAST_FLOAT16, require_float32
from inspector.checks.rule import Found, rule
from inspector.engine.image_sizes import ImageSizeError
from inspector.errors import CancelledError, InspectorError
from inspector.methods.attribution.projection import project
from inspector.types.arrays import Array
from inspector.types.targets import Class

_COUNT = 2
"""Images."""


@rule(
    "float16-gradients",
    family="numbers",
    severity="info",
    rationale="In float16 a gradient below 6e-8 is 0: fine-tuning stands still there, and maps are empty.",
    mend="Explain and train it in float32, or scale the score (loss scaling).",
    needs=("images", "runs"),
)
def float16_gradients(examination: Examination, *, share: float = 0.5) -> Iterator[Found]:
    """Find images at which most of the top score's gradient becomes 0 in float16; the first 2 are looked at."""
    require_float32(examination.model)
    for places, part in examination.prepared(most=_COUNT):
        for index, gradient in zip(places, _gradients(examination, part.values), strict=True):
            sizes = np.abs(gradient[np.isfinite(gradient)])
            total = int(np.count_nonzero(sizes))
            lost = int(np.count_nonzero(sizes <= LEAST_FLOAT16)) - (sizes.size - total)
            if lost > share * total:
                yield Found(
                    subject=f"images[{index}]",
                    kind="image",
                    message=f"At image {index}, {lost:,} of the {total:,} values other than 0 of the top score's "
                    "gradient become 0 in float16.",
                    measured=f"{lost / total:.1%}",
                    allowed=f"{share:.1%}",
                )


def _gradients(examination: Examination, x: Array) -> Iterator[Array]:
    try:
        for index in range(len(x)):
            yield project(examination.run, x[index : index + 1], [Class()], policy="gradient").maps[0]
    except (CancelledError, ImageSizeError):
        raise
    except InspectorError as error:
        raise SkippedError(f"it has no gradient to look at: {error.message}") from None
