"""Nodes in an order that ONNX does not allow."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule


@rule(
    "nodes-sorted",
    family="validity",
    severity="warning",
    rationale="ONNX asks for nodes in the order in which they can run. ONNX Runtime sorts them; its checker and "
    "others refuse the file.",
    mend="Sort the nodes (`onnx_ir.Graph.sort()`), and save the model again.",
)
def nodes_sorted(examination: Examination) -> Iterator[Found]:
    """Find a node that stands before the node whose result it reads."""
    late = examination.model.file.late
    if late is not None:
        node, tensor = late
        yield Found(
            subject=node,
            kind="node",
            message=f"Node {node!r} reads {tensor!r}, which a node behind it writes.",
            measured="not sorted",
            allowed="every node behind those whose results it reads",
        )
