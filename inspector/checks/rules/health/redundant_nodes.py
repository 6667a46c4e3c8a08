"""Nodes that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.model.redundant import redundant_nodes as redundant_in


@rule(
    "redundant-nodes",
    family="health",
    severity="info",
    rationale="A node that changes nothing costs time and memory wherever no optimizer takes it out, and hides a step "
    "of the export that was meant to do something.",
    mend="Simplify the file (onnxsim, or ONNX Runtime's basic optimizations, written to a file).",
)
def redundant_nodes(examination: Examination) -> Iterator[Found]:
    """Find nodes that hand on what they get, undo the node before, cut nothing off, or are there twice.

    Identity; Dropout outside of training; Cast to the same type; Reshape to the same shape; Transposes that cancel;
    sums with 0 and products with 1; a Relu after a Relu; nodes of one operator with the same inputs and attributes.
    """
    yield from several(
        Found(
            subject=one.name,
            kind="node",
            operator=one.operator,
            message=f"The node {one.name!r} ({one.operator}) {one.why}",
            measured="changes nothing",
            allowed="no such node",
        )
        for one in redundant_in(examination.model)
    )
