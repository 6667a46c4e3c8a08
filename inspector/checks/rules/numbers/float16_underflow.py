"""Numbers that float16 does not have, since they are too small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.conversion import LEAST_FLOAT16, require_float32
from inspector.checks.measures.weights import Weight, float_weights
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.operators.domains import is_standard
from inspector.operators.families import LINEAR
from inspector.types.arrays import Array

_SCALES = {
    **dict.fromkeys(LINEAR, (0, 1)),
    "BatchNormalization": (1,),
    "Div": (0, 1),
    "InstanceNormalization": (1,),
    "LayerNormalization": (1,),
    "Mul": (0, 1),
    "Pow": (0,),
}
"""By operator: the operands that it multiplies or divides by, so that 0 in their place changes everything."""
_GUARDED = frozenset({"Add", "Clip", "Max"})
"""They keep away from 0 what is divided by, or what a root or a logarithm is taken of."""
_GUARDS = {"Div": 1, "Log": 0, "Pow": 0, "Reciprocal": 0, "Sqrt": 0}
"""By operator: the operand that must not be 0."""


@rule(
    "float16-underflow",
    family="numbers",
    severity="info",
    rationale="In float16 a factor below 6e-8 becomes 0, and what is multiplied by it with it; where that is a guard "
    "against division by 0, such as 1e-12, the answers become NaN.",
    mend="Keep these layers in float32 when it is converted, or use a larger epsilon.",
)
def float16_underflow(examination: Examination, *, share: float = 0.5) -> Iterator[Found]:
    """Find factors, and guards against a division by 0, most of which become 0 in float16."""
    require_float32(examination.model)
    yield from several(
        _told(weight, count, share)
        for weight in float_weights(examination.model)
        if weight.dtype != "float16"
        and (count := weight.count(_vanishes)) > share * weight.count(_is_other_than_0)
        and any(_matters(use) for use in weight.value.uses())
    )


def _vanishes(part: Array) -> Array:
    found: Array = (part != 0) & (np.abs(part) <= LEAST_FLOAT16)
    return found


def _is_other_than_0(part: Array) -> Array:
    return np.not_equal(part, 0)


def _matters(use: Any) -> bool:
    """Return whether 0 in the place of an operand is more than a term that is gone."""
    node = use.node
    if not is_standard(node):
        return False
    if use.idx in _SCALES.get(node.op_type, ()):
        return True
    return node.op_type in _GUARDED and any(
        is_standard(reader.node) and _GUARDS.get(reader.node.op_type) == reader.idx
        for reader in node.outputs[0].uses()
    )


def _told(weight: Weight, count: int, share: float) -> Found:
    total = weight.count(_is_other_than_0)
    return Found(
        subject=weight.name,
        kind="tensor",
        message=f"{count:,} of the {total:,} values other than 0 of {weight.name!r} become 0 in float16, and are "
        "factors, or keep a divisor away from 0.",
        measured=f"{count / total:.1%}",
        allowed=f"{share:.1%}",
    )
