"""Infidelity and completeness: does a map say how the explained value changes (Yeh et al. 2019; Sundararajan 2017)?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.methods.judging.subject import Subject
from inspector.methods.perturbed import perturbed
from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Perturbed:
    """What some perturbations of one image change."""

    differences: Array
    """float64 (n, *image): x − x′, as the model is given it."""
    changes: Array
    """float64 (n,): f(x) − f(x′), of the explained value."""


def perturb(subject: Subject, *, samples: int, spread: float, generator: np.random.Generator) -> Perturbed:
    """Return what noise I ~ N(0, (spread · range)²) changes, where x′ = x − I."""
    image = subject.image.astype(np.float64)
    before = subject.scores(subject.image)[0]
    differences, after = [], []
    for part in subject.chunks(samples):
        noise = generator.standard_normal((len(part), *image.shape[1:])) * (spread * subject.extent)
        images = perturbed(subject.run, image - noise)
        differences.append(image - images.astype(np.float64))
        after.append(subject.scores(images))
    return Perturbed(differences=np.concatenate(differences), changes=before - np.concatenate(after))


def infidelity(values: Array, seen: Perturbed, *, baseline: Array | None) -> tuple[float, float]:
    """Return (E[(Σ I·φ − Δ)²], the same for the best multiple of φ as a share of E[Δ²]), Δ = f(x) − f(x − I).

    Yeh et al. 2019, definition 2.1, arXiv 1901.09392. Of a map φ that shares out a value, and is no gradient,
    `baseline` holds x − x′, by which I is divided (1 where that is 0). The second is 0 where φ foretells all of the
    change, but for its scale, and 1 where it foretells nothing; NaN where nothing changes.
    """
    differences = seen.differences
    if baseline is not None:
        differences = differences / np.where(baseline == 0, 1.0, baseline)
    axes = tuple(range(1, differences.ndim))
    foretold = (differences * values.astype(np.float64)[None]).sum(axis=axes)
    raw = float(((foretold - seen.changes) ** 2).mean())
    power, whole = float((foretold**2).mean()), float((seen.changes**2).mean())
    scale = float((foretold * seen.changes).mean()) / power if power else 0.0
    left = float(((scale * foretold - seen.changes) ** 2).mean())
    return raw, left / whole if whole else float("nan")


def completeness(values: Array, wanted: float) -> float:
    """Return |Σ φ − wanted| / |wanted|, what of the value the map does not add up to; NaN where that is 0."""
    gap = abs(float(values.sum(dtype=np.float64)) - wanted)
    return gap / abs(wanted) if wanted else float("nan")
