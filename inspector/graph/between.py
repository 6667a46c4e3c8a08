"""What stands between tensors of a graph: its nodes, with what they are told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.dependence import dependents, reads
from inspector.operators.attributes import integer
from inspector.operators.defaults import default_of
from inspector.operators.domains import STANDARD, key_of
from inspector.operators.families import LINEAR, NORMALIZATIONS
from inspector.operators.nodes import name_of
from inspector.operators.schemas import versions

Told = int | float | str | tuple[int | float | str, ...]
"""The value of an attribute, or of a small constant."""

_MOST = 8
"""Elements of a constant that says how a node computes; larger ones are data."""
_OF_WEIGHTS = LINEAR | NORMALIZATIONS | {"BatchNormalization", "PRelu"}
"""Operators whose constants are weights, of which how they compute does not speak."""
_USUAL = {"pads": 0, "strides": 1, "dilations": 1}
"""What each number of a list is where a node does not have the list."""
_SAYS_NOTHING = frozenset({"kernel_shape", "momentum", "seed", "storage_order", "transA", "transB"})
"""Attributes that follow from others, that training alone reads, or that say how weights are held."""
_TYPES = {int(one): one.name for one in ir.DataType}
"""What a Cast makes, by its number."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One node."""

    name: str
    op_type: str
    reads: tuple[str, ...]
    """The names of what it reads, in order, without what is constant."""
    told: Mapping[str, Told] = field(default_factory=dict)
    """Its attributes, the defaults among them, and its small constants, by their names: "axis", "min"."""


class Operations:
    """The nodes of a graph that depend on the image, to be asked what stands between two of its tensors."""

    def __init__(self, model: ir.Model, *, image: str, opset: int) -> None:
        self._opset = opset
        self._places = dict[str, int]()
        self._nodes = dependents(model.graph, image)
        for place, node in enumerate(self._nodes):
            self._places |= dict.fromkeys((value.name for value in node.outputs if value.name), place)
        self._depends = {image, *self._places}

    def before(self, tensor: str, *, until: Collection[str]) -> tuple[Operation, ...]:
        """Return the nodes that compute a tensor from those of `until` and from the image, in graph order.

        The tensor may be among those of `until`: its own node is returned all the same.
        """
        pending, found = [tensor], set[int]()
        while pending:
            place = self._places.get(pending.pop())
            if place is None or place in found:
                continue
            found.add(place)
            pending.extend(name for name in self._reads(self._nodes[place]) if name not in until)
        return tuple(self._operation(self._nodes[place]) for place in sorted(found))

    def _reads(self, node: ir.Node) -> tuple[str, ...]:
        return tuple(one.name for one in reads(node) if one is not None and one.name in self._depends)

    def _operation(self, node: ir.Node) -> Operation:
        told = _attributes(node, self._opset)
        for place, value in enumerate(node.inputs):
            if value is None or value.name in self._depends or node.op_type in _OF_WEIGHTS:
                continue
            constant = constant_value(value)
            if constant is not None and constant.size <= _MOST:
                listed = tuple(constant.reshape(-1).tolist())
                told[_operand(node, place)] = listed[0] if len(listed) == 1 else listed
        return Operation(name=name_of(node), op_type=node.op_type, reads=self._reads(node), told=told)


def _operand(node: ir.Node, place: int) -> str:
    """Return the name of an operand, as the newest schema has it."""
    schemas = versions(node.op_type) if key_of(node)[0] == STANDARD else ()
    inputs = schemas[-1].inputs if schemas else ()
    return inputs[place].name if place < len(inputs) else f"operand {place}"


def _attributes(node: ir.Node, opset: int) -> dict[str, Told]:
    key = key_of(node)
    known = (
        {name for schema in versions(node.op_type) for name in schema.attributes}
        if key[0] == STANDARD
        else set()
    )
    found = {}
    for name in sorted({*node.attributes, *known} - _SAYS_NOTHING):
        given = node.attributes.get(name)
        value = default_of(key, name, opset) if given is None else _value(given)
        if name in _USUAL and isinstance(value, tuple) and set(value) == {_USUAL[name]}:
            value = None
        value = _USUAL.get(name) if value is None else value
        if isinstance(value, int | float | str | tuple):
            found[name] = value
    if node.op_type == "Cast" and "to" in found:
        found["to"] = _TYPES.get(integer(node, "to"), "?").lower()
    return found


def _value(attribute: ir.Attr) -> Told | None:
    kinds = ir.AttributeType
    if attribute.is_ref():
        return None
    if attribute.type in (kinds.INT, kinds.FLOAT, kinds.STRING):
        value: Told = attribute.value
        return value
    if attribute.type in (kinds.INTS, kinds.FLOATS):
        return tuple(attribute.value)
    return None
