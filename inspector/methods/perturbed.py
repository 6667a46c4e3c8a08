"""Images that are made of an image (by noise, on a way, under masks), in the type that the model takes."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.types.arrays import Array
from inspector.types.dtypes import saturated

ROUNDED_INPUTS = "rounded_inputs"


def perturbed(run: Run, values: Array) -> Array:
    """Return made images (N, …), which are real numbers, as the model's input has them.

    What is beyond the type becomes its nearest end, and of integers the nearest is taken, which is noted: no value
    wraps around.
    """
    model = run.engine.model
    if np.dtype(model.input.dtype).kind in "iu":
        run.note(
            ROUNDED_INPUTS,
            f"This model takes {model.input.dtype}: the images that this method makes of the given one are rounded to "
            "whole numbers, and cut off at the ends of that type.",
        )
    return saturated(values, model.input.dtype)
