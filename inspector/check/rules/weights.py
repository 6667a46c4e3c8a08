"""Weights that are no numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.check.rule import rule
from inspector.engine.run import Run
from inspector.resolve.finite import not_finite


@rule(
    "weights-finite",
    severity="error",
    rationale="NaN or infinity among the weights spreads to every answer that depends on them.",
    mend="Export a checkpoint from before the training diverged.",
)
def weights_finite(run: Run) -> Iterator[tuple[str, str]]:
    """Find initializers of floats that hold NaN or infinity."""
    for name, value in run.engine.model.ir.graph.initializers.items():
        tensor = value.const_value
        if tensor is None or not tensor.dtype.is_floating_point():
            continue
        array = tensor.numpy()
        if (
            array.dtype.kind != "f"
        ):  # bfloat16 and the floats of 8 bits and fewer: all of them are float32 too
            array = array.astype(np.float32)
        if bad := not_finite(array):
            yield name, f"{bad:,} of {array.size:,} weights are NaN or infinite."
