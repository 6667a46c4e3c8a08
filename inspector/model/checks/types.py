"""Checks of the element types that meet at a node, by the operator's schema; ONNX Runtime refuses by the same rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import onnx
import onnx_ir as ir

from inspector.errors import InvalidModelError
from inspector.model.checks.nodes import describe
from inspector.model.element_types import NAMES, dtype_name
from inspector.model.shapes.infer import standard_opset
from inspector.operators.domains import STANDARD_SPELLINGS
from inspector.operators.schemas import schema_at

_WORDS: Mapping[str, str] = {
    f"tensor({'float' if dtype == ir.DataType.FLOAT else dtype.name.lower()})": name
    for dtype, name in NAMES.items()
}
"""How schemas write element types, and NumPy's names of them."""


def check_types(proto: onnx.ModelProto, dtypes: Mapping[str, str]) -> None:
    """Raise InvalidModelError for a node whose inputs have types that its operator does not take, alone or together."""
    opset = standard_opset(proto)
    functions = {(function.domain, function.name) for function in proto.functions}
    for node in proto.graph.node:
        if node.domain not in STANDARD_SPELLINGS or (node.domain, node.op_type) in functions:
            continue
        schema = schema_at(node.op_type, opset)
        if schema is not None:
            _check_node(node, schema, dtypes)


def check_declared(proto: onnx.ModelProto, dtypes: Mapping[str, str]) -> None:
    """Raise InvalidModelError for a tensor that is declared of a type which its operator does not give."""
    for info in (*proto.graph.value_info, *proto.graph.output):
        declared, found = info.type.tensor_type.elem_type, dtypes.get(info.name)
        if declared and found is not None and dtype_name(declared) != found:
            raise InvalidModelError(
                f"Tensor {info.name[:80]!r} is declared as {dtype_name(declared)}; the node that writes it gives "
                f"{found}. Export the model again, or check it with onnx.checker."
            )


def _check_node(node: onnx.NodeProto, schema: onnx.defs.OpSchema, dtypes: Mapping[str, str]) -> None:
    bound: dict[str, tuple[str, str]] = {}
    for position, name in enumerate(node.input):
        given = dtypes.get(name)
        if given is None or not schema.inputs:
            continue
        word, allowed, is_one = _parameter(node.op_type, schema.since_version, position)
        if allowed and given not in allowed:
            raise InvalidModelError(
                f"{describe(node)} reads {name[:80]!r} of type {given} as its input {position}; it takes "
                f"{', '.join(sorted(allowed))}. Export the model again, or check it with onnx.checker."
            )
        if is_one:
            other, first = bound.setdefault(word, (given, name))
            if other != given:
                raise InvalidModelError(
                    f"{describe(node)} reads {first[:80]!r} of type {other} and {name[:80]!r} of type {given}; they "
                    "must be of one type. Export the model again, or check it with onnx.checker."
                )


@cache
def _parameter(op_type: str, version: int, position: int) -> tuple[str, frozenset[str], bool]:
    """Return the variable of an input's type, the types that it may be, and whether all of that variable are one."""
    schema = onnx.defs.get_schema(op_type, version, "")
    formal: Sequence[onnx.defs.OpSchema.FormalParameter] = schema.inputs
    parameter = formal[min(position, len(formal) - 1)]
    known = {_WORDS.get(word) for word in parameter.types}
    # Sequences, maps and optional values have no element type here: what may be one is not judged.
    tensors = frozenset(name for name in known if name is not None) if None not in known else frozenset()
    return parameter.type_str, tensors, parameter.is_homogeneous and "(" not in parameter.type_str
