"""Checks of nodes by themselves: is the operator known, and does the node have what its schema asks for?

ONNX Runtime refuses by the same schemas, but later, and what reads the graph before it may rely on them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import onnx

from inspector.errors import InvalidModelError
from inspector.model.checks.limits import Limits
from inspector.model.shapes.infer import standard_opset
from inspector.model.walk import function_nodes_of, graph_nodes_of, nodes_of
from inspector.operators.choices import CHOICES, FLAGS, RANGES
from inspector.operators.domains import MACHINE_LEARNING, MICROSOFT, STANDARD_SPELLINGS
from inspector.operators.families import EARLY
from inspector.operators.forms import FORMS
from inspector.operators.schemas import fewest_inputs, may_be_left_out, most_inputs, schema_at, versions

RUNTIME_DOMAINS = (MICROSOFT, "com.microsoft.nchwc", "com.ms.internal.nhwc", MACHINE_LEARNING)
"""Domains beside the standard one whose operators ONNX Runtime carries in every build."""
REMOVED_OPERATORS = EARLY | {"Crop"}
"""Experimental operators of early ONNX that have no schema any more; ONNX Runtime still runs the first three."""

_MEND = "Export the model again, or check it with onnx.checker."
_Types = onnx.AttributeProto
_FIELDS: Mapping[int, str] = {
    _Types.FLOAT: "f", _Types.INT: "i", _Types.STRING: "s", _Types.TENSOR: "t", _Types.GRAPH: "g",
    _Types.SPARSE_TENSOR: "sparse_tensor", _Types.TYPE_PROTO: "tp", _Types.FLOATS: "floats", _Types.INTS: "ints",
    _Types.STRINGS: "strings", _Types.TENSORS: "tensors", _Types.GRAPHS: "graphs",
    _Types.SPARSE_TENSORS: "sparse_tensors", _Types.TYPE_PROTOS: "type_protos",
}  # fmt: skip
"""The field that holds the value of an attribute of each type."""


def check_nodes(proto: onnx.ModelProto, *, limits: Limits) -> None:
    """Raise InvalidModelError for the first node whose operator nobody knows, or that its schema does not allow.

    Nodes of the graph and its subgraphs are held against the schema of the model's own opset; those of functions, which
    may have other opsets, against the widest of all versions: once they are inlined, they are the graph's.
    """
    opset = standard_opset(proto)
    known = _Known(proto)
    for node in nodes_of(proto, limits=limits):
        _check_values(node)
    for node in graph_nodes_of(proto, limits=limits):
        _check_no_references(node)
        if known.is_function(node):
            continue
        if not known.requires(node):
            _check_form(node)
            continue
        schema = schema_at(node.op_type, opset)
        if schema is None:
            _check_loosely(node)
        else:
            _check_by(schema, node)
    for node in function_nodes_of(proto, limits=limits):
        if not known.is_function(node) and known.requires(node):
            _check_loosely(node)


class _Known:
    """The operators that a model may use."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        self._functions = {(function.domain, function.name) for function in proto.functions}
        self._imported = {entry.domain for entry in proto.opset_import}
        self._imported |= {entry.domain for function in proto.functions for entry in function.opset_import}

    def is_function(self, node: onnx.NodeProto) -> bool:
        """Return whether a node calls a function of the model."""
        return (node.domain, node.op_type) in self._functions

    def requires(self, node: onnx.NodeProto) -> bool:
        """Return whether a node is one of the standard domain; InvalidModelError where nobody knows its operator."""
        if node.domain in STANDARD_SPELLINGS:
            if versions(node.op_type) or node.op_type in REMOVED_OPERATORS:
                return True
            raise InvalidModelError(
                f"{describe(node)}: the standard domain has no operator {node.op_type!r} in any opset. It is a custom "
                "operator; export the model without it, or with a model-local function that defines it."
            )
        if node.domain not in RUNTIME_DOMAINS:
            raise InvalidModelError(
                f"{describe(node)}: the domain {node.domain!r} is unknown and the model carries no function for it. "
                f"Known are the standard domain, {', '.join(RUNTIME_DOMAINS)}."
            )
        if node.domain not in self._imported:
            raise InvalidModelError(
                f"{describe(node)}: the model imports no version of the domain {node.domain!r}. Export it again."
            )
        return False


# --- by the schema


def _check_by(schema: onnx.defs.OpSchema, node: onnx.NodeProto) -> None:
    options = onnx.defs.OpSchema.FormalParameterOption
    _check_count(node, "input", len(node.input), schema.min_input, schema.max_input)
    _check_count(node, "output", len(node.output), schema.min_output, schema.max_output)
    _check_given(node, "input", node.input, _among(schema.inputs, {options.Optional}))
    _check_given(node, "output", node.output, _among(schema.outputs, {options.Optional, options.Variadic}))
    given = {attribute.name for attribute in node.attribute}
    for name, attribute in schema.attributes.items():
        if attribute.required and name not in given:
            raise InvalidModelError(
                f"{describe(node)} has no attribute {name!r}, which it must have. {_MEND}"
            )
    _check_choices(node)
    _check_types(node, {name: attribute.type.value for name, attribute in schema.attributes.items()})


def _check_form(node: onnx.NodeProto) -> None:
    """Hold a node of the runtime's own domain against the form of its operator, where that is looked into here."""
    form = FORMS.get(node.op_type) if node.domain == MICROSOFT else None
    if form is None:
        return
    _check_count(node, "input", len(node.input), form.fewest, form.most)
    _check_count(node, "output", len(node.output), 1, form.outputs)
    _check_given(node, "input", node.input, lambda position: position in form.may_lack)


def _among(formal: Sequence[Any], options: Collection[Any]) -> Callable[[int], bool]:
    """Return what tells whether the parameter at a position is of these options; the last one stands for all others."""
    return lambda position: formal[min(position, len(formal) - 1)].option in options


def _check_given(
    node: onnx.NodeProto, what: str, names: Sequence[str], may_lack: Callable[[int], bool]
) -> None:
    """Refuse an empty name ("") where the parameter at its position may not be left out."""
    for position, name in enumerate(names):
        if not name and not may_lack(position):
            raise InvalidModelError(
                f"{describe(node)} leaves out its {what} {position}, which the operator needs. {_MEND}"
            )


def _check_count(node: onnx.NodeProto, what: str, count: int, fewest: int, most: int | None) -> None:
    if count < fewest:
        raise InvalidModelError(f"{describe(node)} has {count} {what}s; the operator needs {fewest}. {_MEND}")
    if most is not None and count > most:
        verb = "takes" if what == "input" else "gives"
        raise InvalidModelError(
            f"{describe(node)} has {count} {what}s; the operator {verb} {most} at most. {_MEND}"
        )


def _check_loosely(node: onnx.NodeProto) -> None:
    """Hold a node against the widest of all versions of its operator."""
    if node.op_type in REMOVED_OPERATORS:
        # No schema says how many inputs it takes; ONNX Runtime crashes where there is none.
        if not (node.input and node.input[0]):
            raise InvalidModelError(
                f"{describe(node)}: the operator takes an image, and the node has no input."
            )
        _check_count(node, "input", len(node.input), 1, 1)
        return
    _check_count(node, "input", len(node.input), fewest_inputs(node.op_type), most_inputs(node.op_type))
    _check_given(node, "input", node.input, partial(may_be_left_out, node.op_type))


# --- attributes


def _check_values(node: onnx.NodeProto) -> None:
    """Refuse attributes whose value is not of the type that they say, or no text where it should be one."""
    for attribute in node.attribute:
        kinds = _Types.AttributeType
        if attribute.type not in _FIELDS:
            if attribute.ref_attr_name:
                continue
            raise InvalidModelError(
                f"{describe(node)} has the attribute {_shown(attribute.name)} of the unknown type "
                f"{attribute.type}. {_MEND}"
            )
        own = _FIELDS[attribute.type]
        for field, _ in attribute.ListFields():
            if field.name in _FIELDS.values() and field.name != own:
                raise InvalidModelError(
                    f"{describe(node)} has the attribute {_shown(attribute.name)} of type "
                    f"{kinds.Name(attribute.type)}; it holds a value of another type. {_MEND}"
                )
        for text in (attribute.s, *attribute.strings):
            if attribute.type in (kinds.STRING, kinds.STRINGS) and not _is_text(text):
                raise InvalidModelError(
                    f"{describe(node)} has the attribute {_shown(attribute.name)}, whose value {text[:40]!r} is not "
                    f"UTF-8. {_MEND}"
                )


def _check_no_references(node: onnx.NodeProto) -> None:
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            raise InvalidModelError(
                f"{describe(node)} has the attribute {_shown(attribute.name)}, which refers to an attribute of a "
                f"function; the node is in none. {_MEND}"
            )


def _check_types(node: onnx.NodeProto, types: Mapping[str, int]) -> None:
    names = _Types.AttributeType
    seen: set[str] = set()
    for attribute in node.attribute:
        if attribute.name in seen:
            raise InvalidModelError(
                f"{describe(node)} has the attribute {_shown(attribute.name)} twice. {_MEND}"
            )
        seen.add(attribute.name)
        wanted = types.get(attribute.name)
        if wanted is not None and attribute.type != wanted:
            raise InvalidModelError(
                f"{describe(node)} has the attribute {attribute.name!r} of type {names.Name(attribute.type)}; it must "
                f"be {names.Name(wanted)}."
            )


def _check_choices(node: onnx.NodeProto) -> None:
    """Refuse values that ONNX's text forbids; the schema has looked at their types alone."""
    for attribute in node.attribute:
        key = (node.op_type, attribute.name)
        words, bounds = CHOICES.get(key), RANGES.get(key)
        told, allowed = str(attribute.i), None
        if words is not None and attribute.s.decode() not in words:
            told, allowed = _shown(attribute.s.decode()), ", ".join(sorted(words))
        elif attribute.name in FLAGS and attribute.type == _Types.INT and attribute.i not in (0, 1):
            allowed = "0 or 1"
        elif bounds is not None and not bounds[0] <= attribute.i <= bounds[1]:
            allowed = f"{bounds[0]:,} to {bounds[1]:,}"
        if allowed is not None:
            raise InvalidModelError(
                f"{describe(node)} has {attribute.name} {told}; it may be {allowed}. {_MEND}"
            )


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def describe(node: onnx.NodeProto) -> str:
    """Return how an error names a node."""
    name = node.name or next(iter(node.output), "") or "without a name"
    domain = f"{node.domain[:80]}::" if node.domain else ""
    return f"Node {name[:80]!r} ({domain}{node.op_type[:80]})"


def _shown(name: str) -> str:
    return repr(name[:80])
