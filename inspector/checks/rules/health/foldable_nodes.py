"""Arithmetic on constants that is done again for every image."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.reach import reach
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.operators.families import CASTS, DEQUANTIZERS, MOVERS, QUANTIZERS, VALUE_FREE

_STORED = MOVERS | CASTS | QUANTIZERS | DEQUANTIZERS | VALUE_FREE | {"Concat", "ConstantOfShape", "Range"}
"""Ways to store weights, and to say shapes."""


@rule(
    "foldable-nodes",
    family="health",
    severity="info",
    rationale="What is computed of constants alone is the same for every image; runtimes that do not fold it compute "
    "it every time, and some converters refuse weights that are computed.",
    mend="Fold constants when exporting (do_constant_folding, onnxsim).",
)
def foldable_nodes(examination: Examination) -> Iterator[Found]:
    """Find arithmetic on constants; what only stores weights otherwise, or moves their axes, is left out."""
    yield from several(
        Found(
            subject=one.name,
            kind="node",
            operator=one.operator,
            message=f"The node {one.name!r} ({one.operator}) computes the same of constants every time.",
            measured="reads constants alone",
            allowed="reads what depends on an input",
        )
        for one in examination.measured(reach).constant
        if one.is_known and one.operator not in _STORED and one.operator != "Constant"
    )
