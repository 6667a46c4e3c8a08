"""Weights that no node reads."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.types.layers import shape_text

_COUNTERS = ("int64", "int32", "bool", "string")
"""Types of shapes, counters and texts."""


@rule(
    "unused-initializers",
    family="health",
    severity="warning",
    rationale="Weights that no node reads are shipped for nothing, or were meant for a node that lost them.",
    mend="Look which node should read them; if none should, leave them out when exporting (onnxsim does so too).",
)
def unused_initializers(examination: Examination, *, scraps: bool = False) -> Iterator[Found]:
    """Find initializers that no node reads and that are no outputs.

    Of single numbers, and of whole numbers as shapes and counters of steps are, nothing is said unless `scraps` is set.
    """
    yield from several(_found(examination, scraps=scraps))


def _found(examination: Examination, *, scraps: bool) -> Iterator[Found]:
    file = examination.model.file
    for name in file.unused:
        one = file.initializers[name]
        if scraps or (one.size > 1 and one.dtype not in _COUNTERS):
            shape = shape_text(one.dims) or "one number"
            yield Found(
                subject=name,
                kind="tensor",
                message=f"No node reads the initializer {name!r} ({shape}, {one.dtype}).",
                measured=f"{one.size:,} numbers",
                allowed="0",
            )
