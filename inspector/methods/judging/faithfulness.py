"""Infidelity and completeness: does a map say how the explained value changes (Yeh et al. 2019; Sundararajan 2017)?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inspector.methods.judging.subject import Subject
from inspector.methods.perturbed import perturbed
from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Perturbed:
    """What some perturbations of one image change, and what maps foretell of that."""

    foretold: Mapping[str, Array]
    """By map φ: Σ I·φ, float64 (n,), with I = x − x′ as the model is given them."""
    changes: Array
    """float64 (n,): f(x) − f(x′), of the explained value."""


def perturb(
    subject: Subject,
    maps: Mapping[str, Array],
    *,
    samples: int,
    spread: float,
    generator: np.random.Generator,
) -> Perturbed:
    """Return what noise I ~ N(0, (spread · range)²) changes, where x′ = x − I, and what each map φ foretells of it.

    Maps broadcast over one image.
    """
    image = subject.image.astype(np.float64)
    weights = {
        kind: np.broadcast_to(values.astype(np.float64), image.shape[1:]).reshape(-1)
        for kind, values in maps.items()
    }
    foretold: dict[str, list[Array]] = {kind: [] for kind in maps}

    def noisy(numbers: range) -> Array:
        noise = generator.standard_normal((len(numbers), *image.shape[1:]))
        noise *= spread * subject.extent
        images = perturbed(subject.run, np.subtract(image, noise, out=noise))
        differences = (image - images.astype(np.float64)).reshape(len(images), -1)
        for kind, weight in weights.items():
            foretold[kind].append(differences @ weight)
        return images

    before = subject.score(subject.image)
    after = subject.scores(noisy, samples)
    return Perturbed(
        foretold={kind: np.concatenate(parts) for kind, parts in foretold.items()}, changes=before - after
    )


def over_difference(values: Array, difference: Array) -> Array:
    """Return a map that shares out a value by x − x′, as one that is multiplied by I: where that is 0, by 1."""
    found: Array = values.astype(np.float64) / np.where(difference == 0, 1.0, difference)
    return found


def infidelity(foretold: Array, changes: Array) -> tuple[float, float]:
    """Return (E[(Σ I·φ − Δ)²], the same for the best multiple of φ as a share of E[Δ²]), Δ = f(x) − f(x − I).

    Yeh et al. 2019, definition 2.1, arXiv 1901.09392. The second is 0 where φ foretells all of the change, but for its
    scale, and 1 where it foretells nothing; NaN where nothing changes.
    """
    raw = float(((foretold - changes) ** 2).mean())
    power, whole = float((foretold**2).mean()), float((changes**2).mean())
    scale = float((foretold * changes).mean()) / power if power else 0.0
    left = float(((scale * foretold - changes) ** 2).mean())
    return raw, left / whole if whole else float("nan")


def completeness(values: Array, wanted: float) -> float:
    """Return |Σ φ − wanted| / |wanted|, what of the value the map does not add up to; NaN where that is 0."""
    gap = abs(float(values.sum(dtype=np.float64)) - wanted)
    return gap / abs(wanted) if wanted else float("nan")
