"""Accentuations, measured and drawn: before, after, and the change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inspector.engine.run import Run
from inspector.methods.synthesis.drawing import drawn
from inspector.methods.synthesis.framing import Framing
from inspector.methods.synthesis.goals import Goal
from inspector.methods.synthesis.goals_on_images import name_of
from inspector.resolve.probabilities import answers as answers_of
from inspector.resolve.probabilities import tensors_for
from inspector.types.arrays import Array
from inspector.types.results.images import Picture

NOT_RAISED = "not_raised"


def accentuations(
    run: Run, framing: Framing, goal: Goal, first: Picture, original: Array, made: Array
) -> list[Picture]:
    """Return the pictures, with what was measured of the exact inputs."""
    inputs = framing.frame.typed(framing.frame.values(np.stack([original, made])))
    tensors = list(dict.fromkeys((goal.tensor, *tensors_for(run.engine, goal.chosen))))
    found = run.forward(inputs, tensors)
    before, after = goal.scores(found[goal.tensor]).tolist()
    change = made.astype(np.float64) - original
    largest = float(np.abs(change).max())
    measures = {
        "before": before,
        "after": after,
        "largest_change": 255 * largest,
        "rms_change": 255 * float(np.sqrt((change**2).mean())),
    }
    words = f"{before:.4g} before, {after:.4g} now"
    if goal.chosen.resolved.kind == "class":
        likely = answers_of(run.engine, goal.chosen, found, inputs).tolist()
        measures |= {"p_before": likely[0], "p_after": likely[1]}
        words = f"p {likely[0]:.3g} before, {likely[1]:.3g} now"
    if after <= before:
        run.note(
            NOT_RAISED,
            f"{name_of(goal)} is not more than it was: {words}. A smaller closeness, more steps or a larger "
            "rate may do it.",
        )
    factor = max(1.0, np.floor(0.5 / largest)) if largest > 0 else 1.0
    magnified = np.clip(0.5 + factor * change, 0, 1)
    name = name_of(goal)
    return [
        replace(first, value=before),
        Picture(
            pixels=drawn(made), caption=f"{name}: {words}", value=after, role="accentuated", measures=measures,
            values=inputs[1],
        ),
        Picture(
            pixels=drawn(magnified),
            caption=f"the change × {factor:.3g}: at most {255 * largest:.3g} of 255 levels",
            value=255 * largest,
            role="change",
        ),
    ]  # fmt: skip
