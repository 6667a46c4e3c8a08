"""The opset of the standard domain, whose name is written as "" or as "ai.onnx"."""

from __future__ import annotations

import onnx_ir as ir

from inspector.operators.domains import STANDARD_SPELLINGS


def standard_opset(model: ir.Model) -> int:
    """Return the version of the standard operator set that the model imports; 1 where it names none."""
    return next((model.opset_imports[name] for name in STANDARD_SPELLINGS if name in model.opset_imports), 1)


def set_standard_opset(model: ir.Model, version: int) -> None:
    """Change the version of the standard operator set in place, under the one spelling ""."""
    for name in STANDARD_SPELLINGS:
        model.opset_imports.pop(name, None)
    model.opset_imports[""] = version
