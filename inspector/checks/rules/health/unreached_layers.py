"""Layers, and outputs, that no input reaches."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.reach import reach
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.operators.families import (
    GLOBAL_POOLINGS,
    LINEAR,
    NORMALIZATIONS,
    POOLINGS,
    RECTIFIERS,
    SOFTMAXES,
)

_LAYERS = (
    LINEAR | POOLINGS | GLOBAL_POOLINGS | NORMALIZATIONS | RECTIFIERS | SOFTMAXES | {"BatchNormalization"}
)


@rule(
    "unreached-layers",
    family="health",
    severity="warning",
    rationale="What no input reaches is the same for every image: a branch was traced with a constant in the input's "
    "place, or was cut off.",
    mend="Export again, with the branch reading the input; where it is meant to be constant, fold it into a weight.",
)
def unreached_layers(examination: Examination) -> Iterator[Found]:
    """Find layers and outputs that depend on no input's values."""
    yield from several(_found(examination))


def _found(examination: Examination) -> Iterator[Found]:
    found = examination.measured(reach)
    for name in found.unfed_outputs:
        yield Found(
            subject=name,
            kind="output",
            message=f"The output {name!r} depends on no input: it is the same for every image.",
            measured="0 inputs",
            allowed="at least 1",
        )
    for one in found.unfed:
        if one.is_known and one.float_operator in _LAYERS:
            yield Found(
                subject=one.name,
                kind="layer",
                operator=one.operator,
                message=f"No input reaches the layer {one.name!r} ({one.operator}): it gives the same for every image.",
                measured="0 inputs",
                allowed="at least 1",
            )
