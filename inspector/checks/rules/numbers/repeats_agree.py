"""Answers that are others when the same is asked twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inspector.checks.examination import Examination
from inspector.checks.measures.repeats import repeats
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.operators.nodes import name_of


@rule(
    "repeats-agree",
    family="numbers",
    severity="error",
    rationale="A model that draws at random answers otherwise each time: no answer can be looked into, nor repeated.",
    mend="Export it in evaluation mode, without Dropout in training mode and without noise.",
    needs=("runs",),
)
def repeats_agree(examination: Examination) -> Iterator[Found]:
    """Find what draws at random, where the same image does not give the same bits twice."""
    found = examination.measured(repeats)
    if not found.differing:
        return
    shown = ", ".join(f"{name!r} ({count:,} values)" for name, count in found.differing.items())
    where = "" if found.is_optimized else ", where ONNX Runtime rewrites nothing"
    yield from several(_drawing(node, f"output {shown}{where}") for node in found.drawing)
    if not found.drawing:
        name = next(iter(found.differing))
        yield Found(
            subject=name,
            kind="output",
            message=f"The same image gave other bits the second time, in output {shown}, and no node draws at random.",
            measured=f"{found.differing[name]:,} values differ",
            allowed="the same bits",
        )


def _drawing(node: Any, where: str) -> Found:
    name = name_of(node)
    why = ", in training mode," if node.op_type == "Dropout" else ""
    return Found(
        subject=name,
        kind="node",
        operator=node.op_type,
        message=f"{node.op_type} {name!r}{why} draws at random: the same image gave other values the second time, in "
        f"{where}.",
        measured="other values the second time",
        allowed="the same bits",
    )
