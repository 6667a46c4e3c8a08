"""Since when operators of the standard domain are deprecated, and what ONNX says to use instead."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.operators.schemas import versions

SUCCESSORS: Mapping[str, str] = {"Scatter": "ScatterElements", "Upsample": "Resize"}
"""What ONNX's documentation of the deprecated version names."""


def deprecated_since(op_type: str, opset: int) -> int | None:
    """Return since which opset a standard operator is deprecated, at an opset or at the newest one.

    None where it is not, where ONNX lacks it, and where it was given up and taken up again by then.
    """
    known = versions(op_type)
    held = [schema for schema in known if schema.since_version <= opset]
    for schema in (*held[-1:], *known[-1:]):
        if schema.deprecated:
            return int(schema.since_version)
    return None
