"""Inversions, measured: how near their features and their pixels come, beside plain gray."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.loop import Loop
from inspector.engine.run import Run
from inspector.methods.synthesis.drawing import drawn
from inspector.methods.synthesis.framing import Framing
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.results.images import Picture

SILENT_LAYER = "silent_layer"
NOT_NEARER = "not_nearer"


def inversions(
    run: Run, framing: Framing, loop: Loop, layer: Layer, wanted: Array, originals: Array
) -> list[Picture]:
    """Return the pictures of a loop, each with how near it came, beside what plain gray would have."""
    pictures = loop.picture()
    inputs = framing.frame.typed(framing.frame.values(pictures))
    features = run.forward(inputs, [layer.output])[layer.output]
    of_gray = run.forward(framing.first(), [layer.output])[layer.output][0]
    found = []
    for picture, values, own, goal, original in zip(
        pictures, inputs, features, wanted, originals, strict=True
    ):
        size = float(np.linalg.norm(goal.astype(np.float64)))
        if size == 0:
            run.note(
                SILENT_LAYER,
                f"Layer {layer.name!r} is 0 everywhere on an image: there is nothing to invert.",
            )
        error = float(np.linalg.norm((own - goal).astype(np.float64))) / (size or 1.0)
        measures = {
            "relative_error": error,
            "psnr_db": psnr(picture, original),
            "relative_error_of_gray": float(np.linalg.norm((of_gray - goal).astype(np.float64)))
            / (size or 1.0),
            "psnr_db_of_gray": psnr(np.full_like(original, 0.5), original),
        }
        found.append(
            Picture(
                pixels=drawn(picture),
                caption=f"{layer.name}: features off by {100 * error:.3g} %; {measures['psnr_db']:.1f} dB",
                value=error,
                role="inversion",
                measures=measures,
                values=values,
            )
        )
    return found


def psnr(picture: Array, original: Array) -> float:
    """Return −10·log₁₀ of the mean square difference of pictures in 0..1, in dB; at most 99."""
    square = float(((picture.astype(np.float64) - original) ** 2).mean())
    return 99.0 if square < 1e-9 else min(99.0, -10 * float(np.log10(square)))


def note_failures(run: Run, rows: Sequence[Sequence[Picture]]) -> None:
    """Note which inversions of rows, each an original and its inversions, come no nearer than plain gray."""
    for index, row in enumerate(rows):
        for one in row[1:]:
            if one.measures["relative_error"] >= one.measures["relative_error_of_gray"]:
                run.note(
                    NOT_NEARER,
                    f"Image {index}: the inversion ({one.caption}) comes no nearer to the features than plain gray. "
                    "Give more steps, or another rate.",
                )
