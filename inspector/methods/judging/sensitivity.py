"""Sensitivity: how far does a map move where the image hardly does (Yeh et al. 2019)?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inspector.methods.judging.subject import Subject
from inspector.methods.perturbed import perturbed
from inspector.types.arrays import Array

Explain = Callable[[Array], Array]
"""(N, …) images -> the maps (N, …) of what was chosen on the image as it is."""


def sensitivity_max(
    subject: Subject, explain: Explain, *, samples: int, radius: float, generator: np.random.Generator
) -> float:
    """Return max ‖φ(x + r) − φ(x)‖ / ‖φ(x)‖ over draws of r, each value evenly from ±(radius · range).

    Yeh et al. 2019, definition 3.1, arXiv 1901.09392, divided by the map's own norm as Captum does. NaN where the map
    is 0 everywhere.
    """
    own = subject.values.astype(np.float64)
    norm = float(np.linalg.norm(own))
    largest = 0.0
    for part in subject.chunks(samples):
        moved = generator.uniform(-1, 1, (len(part), *subject.image.shape[1:])) * (radius * subject.extent)
        images = perturbed(subject.run, subject.image.astype(np.float64) + moved)
        maps = explain(images).astype(np.float64)
        apart = np.linalg.norm((maps - own[None]).reshape(len(part), -1), axis=1)
        largest = max(largest, float(apart.max())) if np.isfinite(apart).all() else float("nan")
    return largest / norm if norm else float("nan")
