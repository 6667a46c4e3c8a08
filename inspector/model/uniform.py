"""The one number that all elements of a tensor are, however a graph writes it: scalars, bounds, zeros like another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import TypeAlias

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.operators.attributes import optional_number, tensor_in
from inspector.operators.domains import is_standard
from inspector.operators.families import MOVERS
from inspector.types.arrays import Array

_MAX_DEPTH = 16

_AS_THEY_ARE = MOVERS - {"CenterCropPad", "Crop"} | {"Cast", "CastLike"}
"""Operators whose results have no other numbers than their first input."""

Known: TypeAlias = dict[ir.Value, float | None]

_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Max": max,
    "Min": min,
}


def uniform_of(value: ir.Value | None) -> float | None:
    """Return the number that every element of a tensor is, for all images; None where there is none, or it is not seen.

    Constants of any shape and type, ConstantOfShape, Expand and the like of one, sums and products of such, x · 0 and
    x − x (for finite x).
    """
    return _uniform(value, _MAX_DEPTH, {})


def bound_of(node: ir.Node, name: str, position: int) -> float | None:
    """Return a number that a node is given as an attribute or, in later opsets, as an input: None without one."""
    given = optional_number(node, name)
    if given is not None or position >= len(node.inputs):
        return given
    return uniform_of(node.inputs[position])


def _uniform(value: ir.Value | None, depth: int, known: Known) -> float | None:
    """Return the number of a value; `known` has those that were met: what is read twice is followed once."""
    if value is None or depth == 0:
        return None
    if value not in known:
        known[value] = _found(value, depth, known)
    return known[value]


def _found(value: ir.Value, depth: int, known: Known) -> float | None:
    array = constant_value(value)
    if array is not None:
        return _number(array)
    node = value.producer()
    if node is None or not is_standard(node):
        return None
    if node.op_type == "ConstantOfShape":
        fill = node.attributes.get("value")
        return 0.0 if fill is None else _number(tensor_in(fill).numpy())
    if node.op_type in _AS_THEY_ARE:
        found = _uniform(node.inputs[0], depth - 1, known)
        return _cast(node, found) if node.op_type == "Cast" else found
    if node.op_type == "Neg":
        found = _uniform(node.inputs[0], depth - 1, known)
        return None if found is None else -found
    return _computed(node, depth, known) if node.op_type in _ARITHMETIC and len(node.inputs) == 2 else None


def _computed(node: ir.Node, depth: int, known: Known) -> float | None:
    if node.op_type == "Sub" and node.inputs[0] is node.inputs[1]:
        return 0.0
    first = _uniform(node.inputs[0], depth - 1, known)
    if first is None and node.op_type != "Mul":
        return None
    second = _uniform(node.inputs[1], depth - 1, known)
    if node.op_type == "Mul" and 0.0 in (first, second):
        return 0.0
    if first is None or second is None:
        return None
    return _ARITHMETIC[node.op_type](first, second)


def _cast(node: ir.Node, found: float | None) -> float | None:
    """Return the number in another type: an integer is cut off."""
    to = node.attributes.get("to")
    if found is None or to is None or not isfinite(found):
        return found
    return float(int(found)) if ir.DataType(to.as_int()).is_integer() else found


def _number(array: Array) -> float | None:
    """Return the number that all elements are, where these are numbers; one of a type that NumPy lacks is converted."""
    if not array.size or array.dtype.kind not in "fiubV":
        return None
    try:
        numbers = np.asarray(array).astype(np.float64).reshape(-1)
    except (TypeError, ValueError):
        return None
    return float(numbers[0]) if (numbers == numbers[0]).all() else None
