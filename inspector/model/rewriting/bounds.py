"""The bounds of a Clip as ONNX asks for them: of no axes.

ONNX Runtime takes one element of any shape where it fuses a Clip with the convolution before it, and fails where it
does not, as it cannot where a layer's values are asked for.
"""

from __future__ import annotations

import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.operators.domains import is_standard

_BOUNDS = (1, 2)


def flatten_bounds(model: ir.Model) -> None:
    """Give, in place, every Clip whose constant bounds have one element in more than one axis bounds of no axes."""
    for node in model.graph:
        if not is_standard(node) or node.op_type != "Clip":
            continue
        for position in _BOUNDS:
            value = node.inputs[position] if position < len(node.inputs) else None
            array = constant_value(value)
            if value is None or array is None or array.size != 1 or array.ndim < 2:
                continue
            name = f"{value.name}/scalar"
            flat = model.graph.initializers.get(name)
            if flat is None:
                flat = ir.val(name, const_value=ir.tensor(array.reshape(()), name=name))
                model.graph.register_initializer(flat)
            node.replace_input_with(position, flat)
