"""Rules of what multiplies and adds: the values change, channel by channel."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.model.preprocessing.front.rule import Facts, Fronts, constant, front_rule
from inspector.model.preprocessing.front.values import Front, Numbers
from inspector.operators.attributes import integer, number, numbers


def _one(front: Front | None) -> tuple[Front, ...] | None:
    return None if front is None else (front,)


def _operand(node: ir.Node, fronts: Fronts) -> tuple[Front, Numbers, bool] | None:
    """Return the front, the constant per channel, and whether the front stands first; None where both are fronts."""
    if len(node.inputs) != 2 or (fronts[0] is None) == (fronts[1] is None):
        return None
    is_first = fronts[0] is not None
    front, other = fronts[0] or fronts[1], constant(node, 1 if is_first else 0)
    if front is None or other is None or not np.issubdtype(other.dtype, np.number) or other.size == 0:
        return None
    found = front.spread(other)
    return None if found is None else (*found, is_first)


@front_rule("Add", "Sub", "Mul", "Div")
def arithmetic(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow x + c, c + x, x − c, c − x, x · c, c · x and x / c."""
    found = _operand(node, fronts)
    if found is None:
        return None
    front, values, is_first = found
    match node.op_type:
        case "Add":
            return _one(front.shifted(values))
        case "Sub" if is_first:
            return _one(front.shifted(-values))
        case "Sub":
            negated = front.scaled(np.array([-1.0]))
            return None if negated is None else _one(negated.shifted(values))
        case "Mul":
            return _one(front.scaled(values))
        case "Div" if is_first and np.all(values != 0):
            return _one(front.scaled(1 / values))
    return None


@front_rule("Neg")
def negative(_node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow −x."""
    return None if fronts[0] is None else _one(fronts[0].scaled(np.array([-1.0])))


@front_rule("ImageScaler")
def image_scaler(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow x · scale + bias per channel (an operator from before ONNX 1.0)."""
    if fronts[0] is None:
        return None
    scaled = fronts[0].scaled(np.array([number(node, "scale", 1.0)]))
    return (
        None if scaled is None else _one(scaled.shifted(np.array(numbers(node, "bias", [0.0]), np.float64)))
    )


@front_rule("Affine")
def affine(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow alpha · x + beta (an operator from before ONNX 1.0)."""
    if fronts[0] is None:
        return None
    scaled = fronts[0].scaled(np.array([number(node, "alpha", 1.0)]))
    return None if scaled is None else _one(scaled.shifted(np.array([number(node, "beta", 0.0)])))


def statistics(node: ir.Node) -> tuple[Numbers, Numbers, Numbers, Numbers] | None:
    """Return scale, bias, mean and variance (with epsilon) of a BatchNormalization of constants."""
    parts = [constant(node, index) for index in range(1, 5)]
    if len(node.outputs) > 1 or integer(node, "training_mode", 0) or any(part is None for part in parts):
        return None
    scale, bias, mean, variance = (np.asarray(part, np.float64).reshape(-1) for part in parts)
    return scale, bias, mean, variance + number(node, "epsilon", 1e-5)


@front_rule("BatchNormalization")
def batch_normalization(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow (x − mean) / √var · scale + bias per channel."""
    front, found = fronts[0], statistics(node)
    if front is None or found is None or front.axis != 1 or np.any(found[3] <= 0):
        return None
    scale, bias, mean, variance = found
    factor = scale / np.sqrt(variance)
    scaled = front.scaled(factor)
    return None if scaled is None else _one(scaled.shifted(bias - mean * factor))
