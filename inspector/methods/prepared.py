"""Images of a request, prepared once, whatever its caller gave; and what is doubtful about how, noted."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.methods.notes import ASSUMED_PREPROCESSING, UNEXPECTED_RANGE
from inspector.model.preprocessing.prepare import prepare
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.images import ImageLike, Prepared
from inspector.types.presets import PRESETS

SETTLE = (
    f"give preprocessing, by a preset ({', '.join(PRESETS)}) or by keys such as scale, mean, std and color, or put it "
    "into an inspector.json beside the model."
)


def prepared(run: Run, images: ImageLike) -> Prepared:
    """Return images as the model takes them; between two of them a caller that left is noticed.

    Notes what is assumed of the preprocessing, where a picture went through it, and values that are not in the range
    that the graph is made for.
    """
    model = run.engine.model
    x = prepare(model, images, cancellation=run.control.cancellation)
    assumed = model.preprocessing.assumed
    if x.from_pictures and assumed:
        run.note(
            ASSUMED_PREPROCESSING,
            f"How a picture becomes the input is assumed, as nothing says it: {', '.join(assumed)}. "
            f"To settle it, {SETTLE}",
        )
    told = _unexpected(model, x)
    if told is not None:
        run.note(UNEXPECTED_RANGE, f"{told} The answer may mean nothing. To mend it, {SETTLE}")
    return x


def _unexpected(model: OnnxModel, x: Prepared) -> str | None:
    """Say which values the model gets where its graph is made for others; None where it is not known, or as it is."""
    if model.takes is None:
        return None
    low, high = model.takes
    wants = f"the graph is made for pixels in {low:g}..{high:g}"
    if x.from_pictures:
        spec = model.preprocessing
        mean, std = np.asarray(spec.mean), np.asarray(spec.std)
        ends = [(np.asarray(pixel * spec.scale) - mean) / std for pixel in (0.0, 255.0)]
        given = float(min(end.min() for end in ends)), float(max(end.max() for end in ends))
        room = 0.3 * (high - low)
        if abs(given[0] - low) <= room and abs(given[1] - high) <= room:
            return None
        return f"The preprocessing brings pixels to {given[0]:.4g}..{given[1]:.4g}, and {wants}."
    if not np.issubdtype(x.values.dtype, np.floating) or not _is_of_another_size(x.values, high - low):
        return None
    return f"The values of the array are {x.values.min():.4g} to {x.values.max():.4g}, and {wants}."


def _is_of_another_size(values: Array, width: float) -> bool:
    """Return whether values differ by a hundredth of a range, or reach ten times as far: one color is of any range."""
    least, most = float(values.min()), float(values.max())
    return least < most and (most - least < 0.02 * width or max(abs(least), abs(most)) > 10 * width)
