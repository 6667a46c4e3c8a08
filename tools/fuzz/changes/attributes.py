"""Changes of what nodes are told by attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, helper, numpy_helper

from tools.fuzz.changes.parts import (
    Change,
    a_node,
    attributes_of,
)
from tools.fuzz.changes.tensors import change_tensor
from tools.fuzz.draw import Draw


def _another_value(draw: Draw, proto: onnx.ModelProto) -> None:
    node = a_node(draw, proto)
    if node is not None and node.attribute:
        _change_value(draw, draw.pick(node.attribute))


def _change_value(draw: Draw, attribute: AttributeProto) -> None:
    kinds = AttributeProto
    match attribute.type:
        case kinds.INTS | kinds.FLOATS:
            _change_list(draw, attribute.ints if attribute.type == kinds.INTS else attribute.floats)
        case kinds.INT:
            attribute.i = draw.whole()
        case kinds.FLOAT:
            attribute.f = float(np.float32(draw.real()))
        case kinds.STRING:
            attribute.s = draw.pick((draw.text().encode(), b"\xff\xfe", draw.bytes(20)))
        case kinds.TENSOR:
            change_tensor(draw, attribute.t)
        case _:
            attribute.type = draw.below(16)


def _change_list(draw: Draw, values: Any) -> None:
    new = (
        draw.whole()
        if "int" in type(values).__name__.lower() or not values or isinstance(values[0], int)
        else draw.real()
    )
    match draw.below(4):
        case 0:
            values.append(new)
        case 1 if values:
            del values[draw.below(len(values))]
        case 2:
            del values[:]
        case _ if values:
            values[draw.below(len(values))] = new


def _another_type(draw: Draw, proto: onnx.ModelProto) -> None:
    node = a_node(draw, proto)
    if node is not None and node.attribute:
        draw.pick(node.attribute).type = draw.below(16)


def _a_known_attribute(draw: Draw, proto: onnx.ModelProto) -> None:
    """Give a node an attribute that its operator has, with an odd value."""
    node = a_node(draw, proto)
    known = attributes_of(node.op_type) if node is not None else ()
    if node is None or not known:
        return
    name, kind = draw.pick(known)
    for index in reversed([i for i, one in enumerate(node.attribute) if one.name == name]):
        del node.attribute[index]
    values: dict[int, Callable[[], Any]] = {
        AttributeProto.INT: draw.whole,
        AttributeProto.FLOAT: draw.real,
        AttributeProto.STRING: draw.text,
        AttributeProto.INTS: lambda: [draw.whole() for _ in range(draw.pick((1, 2, 4, 8)))],
        AttributeProto.FLOATS: lambda: [draw.real() for _ in range(draw.pick((1, 2, 4)))],
        AttributeProto.TENSOR: lambda: numpy_helper.from_array(np.asarray(draw.real(), np.float32)),
    }
    if kind in values:
        node.attribute.append(helper.make_attribute(name, values[kind]()))


def _a_strange_attribute(draw: Draw, proto: onnx.ModelProto) -> None:
    if (node := a_node(draw, proto)) is not None:
        values = (draw.whole(), [draw.whole(), draw.whole()], draw.text(), draw.real(), b"\xff")
        names = (
            "auto_pad",
            "axis",
            "axes",
            "group",
            "kernel_shape",
            "pads",
            "perm",
            "mode",
            "to",
            "body",
            draw.text(),
        )
        node.attribute.append(helper.make_attribute(draw.pick(names), draw.pick(values)))


def _without_an_attribute(draw: Draw, proto: onnx.ModelProto) -> None:
    node = a_node(draw, proto)
    if node is not None and node.attribute:
        del node.attribute[draw.below(len(node.attribute))]


def _a_reference(draw: Draw, proto: onnx.ModelProto) -> None:
    """Let an attribute refer to a function's, where there is none."""
    node = a_node(draw, proto)
    if node is not None and node.attribute:
        draw.pick(node.attribute).ref_attr_name = draw.text()


CHANGES: tuple[Change, ...] = (
    _another_value,
    _another_type,
    _a_known_attribute,
    _a_strange_attribute,
    _without_an_attribute,
    _a_reference,
)
"""All of them."""
