"""Operators that ONNX has given up."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.operators.deprecation import SUCCESSORS, deprecated_since
from inspector.operators.domains import STANDARD
from inspector.operators.families import EARLY


@rule(
    "deprecated-operators",
    family="validity",
    severity="warning",
    rationale="A deprecated operator has no kernel at newer opsets, and runtimes beside ONNX Runtime drop it first.",
    mend="Export at an opset where the exporter writes the successor, or convert with onnx.version_converter.",
)
def deprecated_operators(examination: Examination) -> Iterator[Found]:
    """Find operators of the standard domain that are deprecated at a later opset, or were never of ONNX itself."""
    file = examination.model.file
    opset = file.opsets.get(STANDARD, examination.model.opset)
    for (domain, operator), use in file.operators.items():
        if domain != STANDARD:
            continue
        since = deprecated_since(operator, opset)
        if since is None and operator not in EARLY:
            continue
        told = f"deprecated since opset {since}" if since else "from before ONNX 1.0, and no part of it since"
        instead = f"; its successor is {SUCCESSORS[operator]}" if operator in SUCCESSORS else ""
        count = f"{use.count} nodes use" if use.count > 1 else "1 node uses"
        yield Found(
            subject=use.first,
            kind="node",
            operator=operator,
            message=f"{count} {operator}, which is {told}{instead}; the first is {use.first!r}.",
            measured=f"{use.count}",
            allowed="0",
        )
