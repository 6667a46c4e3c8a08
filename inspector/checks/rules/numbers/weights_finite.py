"""Weights that are no numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.weights import Weight, float_weights
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.model.spec import OnnxModel
from inspector.operators.attributes import number

_VARIANCE = 4
"""Which input of a BatchNormalization that is."""


@rule(
    "weights-finite",
    family="numbers",
    severity="error",
    rationale="NaN or infinity among the weights spreads to every answer that depends on them.",
    mend="Export a checkpoint from before the training diverged.",
)
def weights_finite(examination: Examination) -> Iterator[Found]:
    """Find constants of floats that hold NaN or infinity, and variances whose root is none; masks of ∞ are meant."""
    yield from several(_found(examination.model))


def _found(model: OnnxModel) -> Iterator[Found]:
    for weight in float_weights(model):
        if (bad := weight.count(lambda part: ~np.isfinite(part))) and not _is_meant(weight):
            yield _told(weight, bad, "are NaN or infinite")
        for use in weight.value.uses():
            if use.node.op_type == "BatchNormalization" and use.idx == _VARIANCE:
                least = -number(use.node, "epsilon")
                if bad := weight.count(partial(np.greater, least)):
                    yield _told(weight, bad, f"are variances below −ε = {least:g}, of which the root is NaN")


def _told(weight: Weight, bad: int, what: str) -> Found:
    return Found(
        subject=weight.name,
        kind="tensor",
        message=f"{bad:,} of {weight.size:,} weights {what}.",
        measured=f"{bad:,} of {weight.size:,}",
        allowed="0",
    )


def _is_meant(weight: Weight) -> bool:
    """Return whether infinities say what they mean: a bound, a padding, or a mask of 0 and −∞."""
    if weight.size == 1:
        return not weight.count(np.isnan)
    return not weight.count(lambda part: (part != 0) & ~np.isneginf(part))
