"""All hand-made cases, and which operators' rules each of them judges."""

from __future__ import annotations

import onnx
import onnx_ir as ir

from inspector.grad.path import find_path
from tests.grad import (
    cases,
    cases_arithmetic,
    cases_attributes,
    cases_computed,
    cases_movement,
    cases_quantized,
)
from tests.grad.cases import Case
from tests.grad.cases_quantized import QuantizedCase

Key = tuple[str, str]
"""An operator: its domain and its name."""

FLOAT_CASES: tuple[Case, ...] = (
    *cases.CASES,
    *cases_arithmetic.CASES,
    *cases_attributes.CASES,
    *cases_computed.CASES,
    *cases_movement.CASES,
)
QUANTIZED_CASES: tuple[QuantizedCase, ...] = (*cases_quantized.LINEAR_CASES, *cases_quantized.CURVED)


def differentiated(proto: onnx.ModelProto) -> frozenset[Key]:
    """Return the operators between the input "x" and the model's output."""
    graph = ir.from_proto(proto).graph
    image = next(value for value in graph.inputs if value.name == "x")
    nodes, _ = find_path(graph.outputs[0], image, dtypes={})
    return frozenset((node.domain, node.op_type) for node in nodes)
