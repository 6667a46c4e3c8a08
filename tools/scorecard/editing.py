"""Small changes of a model's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tools.scorecard.corpus import UnfitError


def nodes_of(proto: onnx.ModelProto, *operators: str) -> list[onnx.NodeProto]:
    """Return the nodes of some operators, at least one, in the graph's order; UnfitError without."""
    found = [node for node in proto.graph.node if node.op_type in operators]
    if not found:
        raise UnfitError(f"It has no {' or '.join(operators)}.")
    return found


def require_opset(proto: onnx.ModelProto, since: int) -> None:
    """Raise UnfitError for a model of an older opset than that in which an operator takes what it is given here."""
    version = next((one.version for one in proto.opset_import if one.domain in ("", "ai.onnx")), 1)
    if version < since:
        raise UnfitError(f"Its opset is {version}.")


def weights_of(proto: onnx.ModelProto, name: str) -> np.ndarray:
    """Return a copy of an initializer; UnfitError where the name is no initializer's."""
    array: np.ndarray = numpy_helper.to_array(_initializer(proto, name))
    return array.copy()


def put(proto: onnx.ModelProto, name: str, array: np.ndarray) -> None:
    """Set an initializer, a new one where there is none of the name."""
    tensor = numpy_helper.from_array(np.asarray(array, order="C"), name)
    for one in proto.graph.initializer:
        if one.name == name:
            one.CopyFrom(tensor)
            return
    proto.graph.initializer.append(tensor)


def change(proto: onnx.ModelProto, name: str, by: Callable[[np.ndarray], np.ndarray]) -> onnx.ModelProto:
    """Set an initializer to a function of itself, of its own type, and return the model."""
    array = weights_of(proto, name)
    put(proto, name, np.asarray(by(array)).astype(array.dtype))
    return proto


def own(proto: onnx.ModelProto, node: onnx.NodeProto, index: int) -> str:
    """Return an operand's name after it became an initializer that no other node reads; its own, if it was."""
    if len(node.input) <= index or not node.input[index]:
        raise UnfitError(f"{node.name or node.output[0]} has no operand {index}.")
    readers = sum(list(one.input).count(node.input[index]) for one in proto.graph.node)
    if readers == 1:
        _initializer(proto, node.input[index])
        return str(node.input[index])
    name = f"{node.output[0]}.own{index}"
    put(proto, name, weights_of(proto, node.input[index]))
    node.input[index] = name
    return name


def attribute(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    """Return an attribute's value."""
    return next((helper.get_attribute_value(one) for one in node.attribute if one.name == name), default)


def set_attribute(node: onnx.NodeProto, name: str, value: Any) -> None:
    """Set an attribute, or remove it for None."""
    for one in [one for one in node.attribute if one.name == name]:
        node.attribute.remove(one)
    if value is not None:
        node.attribute.append(helper.make_attribute(name, value))


def insert(proto: onnx.ModelProto, nodes: Iterable[onnx.NodeProto], *, before: onnx.NodeProto) -> None:
    """Put nodes before another."""
    place = [one.output[0] for one in proto.graph.node].index(before.output[0])
    for offset, node in enumerate(nodes):
        proto.graph.node.insert(place + offset, node)


def behind(proto: onnx.ModelProto, node: onnx.NodeProto, operator: str, *operands: str, **given: Any) -> str:
    """Put a node behind a node, whose readers read the new one; return the new tensor's name."""
    tensor = node.output[0]
    made = f"{tensor}.{operator.lower()}"
    redirect(proto, tensor, made)
    place = [one.output[0] for one in proto.graph.node].index(tensor)
    proto.graph.node.insert(
        place + 1, helper.make_node(operator, [tensor, *operands], [made], name=made, **given)
    )
    return made


def redirect(proto: onnx.ModelProto, tensor: str, to: str) -> None:
    """Let all readers of a tensor read another; UnfitError where it is an output of the model."""
    if any(one.name == tensor for one in proto.graph.output):
        raise UnfitError(f"{tensor} is an output.")
    for reader in proto.graph.node:
        for index, name in enumerate(reader.input):
            if name == tensor:
                reader.input[index] = to


def replace(proto: onnx.ModelProto, node: onnx.NodeProto, by: Sequence[onnx.NodeProto]) -> None:
    """Put nodes in a node's place."""
    place = [one.output[0] for one in proto.graph.node].index(node.output[0])
    del proto.graph.node[place]
    for offset, one in enumerate(by):
        proto.graph.node.insert(place + offset, one)


def remove(proto: onnx.ModelProto, node: onnx.NodeProto) -> None:
    """Take a node away, whose readers read its first operand then."""
    redirect(proto, node.output[0], node.input[0])
    proto.graph.node.remove(node)


def drop_unused(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Take away initializers that no node reads, and return the model."""
    used = {name for node in proto.graph.node for name in node.input}
    kept = [one for one in proto.graph.initializer if one.name in used]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(kept)
    return proto


def metadata(proto: onnx.ModelProto, key: str) -> str:
    """Return a property of the metadata; UnfitError without."""
    for one in proto.metadata_props:
        if one.key == key:
            return str(one.value)
    raise UnfitError(f"Its metadata have no {key}.")


def set_metadata(proto: onnx.ModelProto, key: str, value: str) -> None:
    """Set a property of the metadata."""
    for one in [one for one in proto.metadata_props if one.key == key]:
        proto.metadata_props.remove(one)
    proto.metadata_props.add(key=key, value=value)


def _initializer(proto: onnx.ModelProto, name: str) -> onnx.TensorProto:
    for one in proto.graph.initializer:
        if one.name == name:
            return one
    raise UnfitError(f"{name} is no initializer.")
