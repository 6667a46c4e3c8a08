"""The noise of a model's answers: how far they differ between two levels of optimization, which mean the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.apart import differences
from inspector.checks.measures.levels import trial_at
from inspector.runtime.session import Optimization
from inspector.types.arrays import Array

MOST_IMAGES = 8
"""Of which the noise is taken."""


def level_noise(examination: Examination, tensors: Sequence[str]) -> Mapping[str, float]:
    """Return, by tensor, the largest difference between the graph as it is and as far rewritten as its answers are.

    On the first images, each for itself; what is not finite at both levels makes no noise, at one of them an infinite
    one. Outputs are taken alone: with layers beside them less can be rewritten.
    """
    outputs = {output.name for output in examination.model.outputs}
    alone = tuple(dict.fromkeys(name for name in tensors if name in outputs))
    others = tuple(dict.fromkeys(name for name in tensors if name not in outputs))
    return {**_noise(examination, alone), **_noise(examination, others)}


def _noise(examination: Examination, names: tuple[str, ...]) -> dict[str, float]:
    if not names:
        return {}
    run = examination.run
    engine = run.engine
    most = engine.sessions.answer_level(run.control.cancellation)
    plain, rewritten = (trial_at(run, names, level) for level in (Optimization.NONE, most))
    noise = dict.fromkeys(names, 0.0)
    for _, part in examination.prepared(most=MOST_IMAGES):
        for index in range(len(part)):
            chunk = engine.filled(part.values[index : index + 1])
            answers = plain(chunk), rewritten(chunk)
            for name in names:
                pair = [engine.values(name, found[name], chunk, images=1) for found in answers]
                noise[name] = max(noise[name], _largest(*(values.astype(np.float64) for values in pair)))
    return noise


def _largest(one: Array, other: Array) -> float:
    return float(differences(one, other).max(initial=0.0)) if one.shape == other.shape else np.inf
