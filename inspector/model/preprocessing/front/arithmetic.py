"""Rules of what multiplies and adds: the values change, channel by channel."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.model.preprocessing.front.rule import Facts, Fronts, constant, front_rule
from inspector.model.preprocessing.front.values import Channel, Constant, Front, Numbers
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


@front_rule("Conv")
def diagonal_convolution(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow a 1×1 convolution in which every channel is made of one: a scale, a shift, an order of channels."""
    front = fronts[0]
    weights = constant(node, 1)
    if (
        front is None
        or front.axis != 1
        or weights is None
        or weights.ndim < 3
        or set(weights.shape[2:]) != {1}
    ):
        return None
    if any(integers != 1 for integers in _strides(node)) or weights.shape[0] != len(front.channels):
        return None
    factors = _diagonal(np.asarray(weights, np.float64).reshape(weights.shape[:2]), integer(node, "group", 1))
    if factors is None:
        return None
    shifts = np.zeros(len(factors))
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        bias = constant(node, 2)
        if bias is None or bias.size != len(factors):
            return None
        shifts = np.asarray(bias, np.float64).reshape(-1)
    channels = tuple(
        Channel(one.source, one.factor * factor, one.shift * factor + shift)
        for (place, factor), shift in zip(factors, shifts, strict=True)
        for one in (front.channels[place],)
    )
    return (Front(front.rank, front.axis, channels),)


def _strides(node: ir.Node) -> tuple[int, ...]:
    found = node.attributes.get("strides")
    return tuple(found.as_ints()) if found is not None and not found.is_ref() else ()


def _diagonal(weights: Constant, groups: int) -> list[tuple[int, float]] | None:
    """Return, per channel that is written, which one is read and its factor; None where that is not one to one."""
    count = len(weights)
    if weights.shape[1] * groups != count or (count > 1 and groups not in (1, count)):
        return None
    if groups == count:
        return [(index, float(weights[index, 0])) for index in range(count)]
    if not np.all((weights != 0).sum(axis=0) == 1) or not np.all((weights != 0).sum(axis=1) == 1):
        return None
    places = (weights != 0).argmax(axis=1)
    return [(int(place), float(weights[index, place])) for index, place in enumerate(places)]
