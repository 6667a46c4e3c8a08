"""Rules of convolutions and means that nobody trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx_ir as ir

from inspector.model.preprocessing.front.rule import Facts, Fronts, constant, front_rule, given_axes
from inspector.model.preprocessing.front.values import Channel, Constant, Front
from inspector.operators.attributes import integer


@front_rule("Conv")
def convolution(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow a convolution that nobody trained: a scale and shift of each channel, a blur, a gray of three colors."""
    front, weights = fronts[0], constant(node, 1)
    if front is None or front.axis != 1 or weights is None or weights.ndim < 3:
        return None
    is_plain = len(node.inputs) < 3 or node.inputs[2] is None
    count, read = len(front.channels), weights.shape[1] * integer(node, "group", 1)
    if is_plain and count == read and count > 1 and _averages(weights):
        if weights.shape[:2] == (count, 1):
            return (front,)
        if len(weights) == 1:
            return (_gray(front, weights),)
    return _diagonal_convolution(node, front, weights) if set(weights.shape[2:]) == {1} else None


def _averages(weights: Constant) -> bool:
    """Return whether every output is a weighted mean of what it reads."""
    numbers = np.asarray(weights, np.float64).reshape(len(weights), -1)
    return bool(np.all(numbers >= 0) and np.allclose(numbers.sum(axis=1), 1, atol=2e-3))


def _gray(front: Front, weights: Constant) -> Front:
    """Return the weighted mean of all channels, as of values that are alike in all."""
    shares = np.asarray(weights, np.float64).reshape(len(front.channels), -1).sum(axis=1)
    factor, shift = float((front.factors * shares).sum()), float((front.shifts * shares).sum())
    return Front(front.rank, front.axis, (Channel(front.channels[0].source, factor, shift),))


@front_rule("ReduceMean")
def mean_of_channels(node: ir.Node, fronts: Fronts, _facts: Facts) -> tuple[Front, ...] | None:
    """Follow the gray that is the mean of the channels."""
    front = fronts[0]
    axes = None if front is None else given_axes(node, 1, front.rank)
    if front is None or axes is None or axes != (front.axis,):
        return None
    count = len(front.channels)
    gray = _gray(front, np.full((1, count), 1 / count))
    return (gray if integer(node, "keepdims", 1) else replace(gray, rank=front.rank - 1, axis=None),)


def _diagonal_convolution(node: ir.Node, front: Front, weights: Constant) -> tuple[Front, ...] | None:
    """Follow a 1×1 convolution in which every channel is made of one: a scale, a shift, an order of channels."""
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
