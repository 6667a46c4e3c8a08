"""Attributes of nodes, read by type: what the node says, else ONNX's default, else the reader's.

0, "" and [] are values like others: `get_int(...) or default` would take them for missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir

from inspector.errors import InvalidModelError
from inspector.operators.defaults import default_of
from inspector.operators.domains import key_of
from inspector.operators.nodes import Attributed


def integer(node: Attributed, name: str, default: int | None = None, *, opset: int | None = None) -> int:
    """Return an integer; `default` holds where ONNX has none, `opset` tells which of ONNX's where they differ."""
    given = optional_integer(node, name)
    return int(_default(node, name, default, opset)) if given is None else given


def flag(node: Attributed, name: str, *, opset: int | None = None) -> bool:
    """Return whether an integer that means yes or no is not 0; no, where neither node nor ONNX says."""
    return integer(node, name, 0, opset=opset) != 0


def number(node: Attributed, name: str, default: float | None = None, *, opset: int | None = None) -> float:
    """Return a float; `default` holds where ONNX has none, `opset` tells which of ONNX's where they differ."""
    given = optional_number(node, name)
    return float(_default(node, name, default, opset)) if given is None else given


def text(node: Attributed, name: str, default: str | None = None, *, opset: int | None = None) -> str:
    """Return a string; `default` holds where ONNX has none, `opset` tells which of ONNX's where they differ."""
    given = _given(node, name, ir.AttributeType.STRING)
    return str(_default(node, name, default, opset)) if given is None else given.as_string()


def integers(node: Attributed, name: str, default: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return a list of integers; `default` holds where ONNX has none."""
    given = optional_integers(node, name)
    return tuple(_default(node, name, default, None)) if given is None else given


def numbers(node: Attributed, name: str, default: Sequence[float] | None = None) -> tuple[float, ...]:
    """Return a list of floats; `default` holds where ONNX has none."""
    given = _given(node, name, ir.AttributeType.FLOATS)
    return tuple(_default(node, name, default, None)) if given is None else tuple(given.as_floats())


def tensor_in(attribute: ir.Attr) -> ir.TensorProtocol:
    """Return the tensor that an attribute holds; TypeError where it is of another type.

    `Attr.as_tensor` asks the value for every member of the protocol, which takes 0.1 ms on Python 3.11.
    """
    if attribute.type != ir.AttributeType.TENSOR:
        raise TypeError(f"Attribute {attribute.name!r} is no tensor, but {attribute.type}.")
    found: ir.TensorProtocol = attribute.value
    return found


def is_given(node: Attributed, name: str) -> bool:
    """Return whether the node itself says the attribute."""
    found = node.attributes.get(name)
    return found is not None and not found.is_ref()


def optional_integer(node: Attributed, name: str) -> int | None:
    """Return an integer, or None where the node does not say it."""
    given = _given(node, name, ir.AttributeType.INT)
    return None if given is None else given.as_int()


def optional_number(node: Attributed, name: str) -> float | None:
    """Return a float, or None where the node does not say it."""
    given = _given(node, name, ir.AttributeType.FLOAT)
    return None if given is None else given.as_float()


def optional_integers(node: Attributed, name: str) -> tuple[int, ...] | None:
    """Return a list of integers, or None where the node does not say it."""
    given = _given(node, name, ir.AttributeType.INTS)
    return None if given is None else tuple(given.as_ints())


def _given(node: Attributed, name: str, kind: ir.AttributeType) -> ir.Attr | None:
    """Return an attribute with a value; one that refers to a function's has none outside of its call."""
    if not is_given(node, name):
        return None
    found = node.attributes.get(name)
    if found is not None and found.type != kind:
        raise InvalidModelError(
            f"A node with operator {node.op_type} has the attribute {name!r} of type {found.type.name}; it must be "
            f"{kind.name}. Export the model again, or check it with onnx.checker."
        )
    return found


def _default(node: Attributed, name: str, default: Any, opset: int | None) -> Any:
    known = default_of(key_of(node), name, opset)
    if known is not None:
        return known
    if default is None:
        raise InvalidModelError(
            f"A node with operator {node.op_type} has no attribute {name!r}, which the operator requires. "
            "Export the model again, or check it with onnx.checker."
        )
    return default
