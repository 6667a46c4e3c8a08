"""The opset of the standard domain, whose name is written as "" or as "ai.onnx"."""

from __future__ import annotations

import onnx_ir as ir

from inspector.operators.domains import STANDARD_SPELLINGS, opset_among


def standard_opset(model: ir.Model) -> int:
    """Return the version of the standard operator set that the model imports; 1 where it names none."""
    return opset_among(model.opset_imports, default=1)


def set_standard_opset(model: ir.Model, version: int) -> None:
    """Change the version of the standard operator set in place, under the one spelling ""."""
    for name in STANDARD_SPELLINGS:
        model.opset_imports.pop(name, None)
    model.opset_imports[""] = version
