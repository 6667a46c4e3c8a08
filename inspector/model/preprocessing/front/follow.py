"""Follows the image through what keeps its values, to where the graph first computes with it, and collects evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from inspector.model.contradictions import CONTRADICTIONS
from inspector.model.dependence import reads, reads_values
from inspector.model.preprocessing.front.arithmetic import statistics
from inspector.model.preprocessing.front.ranges import (
    NOTHING,
    Evidence,
    by_bounds,
    by_calibration,
    by_landing,
    by_statistics,
)
from inspector.model.preprocessing.front.rule import RULES, Facts, constant
from inspector.model.preprocessing.front.values import Channel, Front
from inspector.operators.attributes import number, optional_number
from inspector.operators.domains import is_standard
from inspector.operators.families import DENSE, LINEAR

MEASURING = frozenset(
    {"GroupNormalization", "InstanceNormalization", "LayerNormalization", "MeanVarianceNormalization"}
)
"""They take the mean from what they are given, and divide by its deviation: of any range comes the same."""
LARGEST_EPSILON = 1e-4
"""Beside the variance of pictures in 0..1, about 0.07, no larger one is nothing."""
_CODES = {"uint8": np.array([0.0, 255.0]), "int8": np.array([-128.0, 127.0])}


@dataclass
class Followed:
    """What was found on the way."""

    operators: list[str] = field(default_factory=list)
    """Those that changed values, in their order."""
    evidence: list[Evidence] = field(default_factory=list)
    ends: list[Front] = field(default_factory=list)
    """What the first layers read that compute with the image."""
    is_measured: bool = False
    """Whether a layer takes the image's own mean and deviation, so that its range does not matter."""
    reads_pixels: bool = False
    """Whether a layer with weights reads the pixels as they are, and no bounds or statistics tell what they are."""


def follow(model: ir.Model, image: str, *, start: Front, facts: Facts) -> Followed:
    """Return what the graph does to an image before it computes with it, on all ways."""
    found = Followed()
    fronts: dict[str, Front] = {image: start}
    is_told = False
    for node in model.graph:
        held = [
            None if value is None or value.name is None else fronts.get(value.name) for value in node.inputs
        ]
        front = next((one for one in held if one is not None), None)
        if front is None or not reads_values(node):
            continue
        told = [one for one in _told_by(node, front) if one]
        found.evidence += told
        is_told |= bool(told)
        results = None if node.op_type == "BatchNormalization" and told else _results(node, held, facts)
        if results is None:
            _end(node, front, found)
            continue
        if (
            any(result.channels != front.channels for result in results)
            and node.op_type not in found.operators
        ):
            found.operators.append(node.op_type)
        fronts.update(
            {value.name: one for value, one in zip(node.outputs, results, strict=False) if value.name}
        )
    found.reads_pixels &= not is_told
    return found


def _results(node: ir.Node, held: list[Front | None], facts: Facts) -> tuple[Front, ...] | None:
    """Return what a node's outputs hold; None where the front ends in it."""
    is_known = is_standard(node) or node.op_type in ("QuantizeLinear", "DequantizeLinear")
    rule = RULES.get(node.op_type) if is_known else None
    if rule is None or len(reads(node)) > len(node.inputs):
        return None
    try:
        return rule(node, held, facts)
    except CONTRADICTIONS:
        return None


def start_of(rank: int, axis: int | None, channels: int | None) -> Front:
    """Return the front that is the image itself; 3 channels where nothing says how many."""
    count = (3 if channels is None else channels) if axis is not None else 1
    return Front(rank, axis, tuple(Channel(index) for index in range(count)))


def _end(node: ir.Node, front: Front, found: Followed) -> None:
    if node.op_type in MEASURING and number(node, "epsilon", 1e-5) <= LARGEST_EPSILON and front.is_pixels:
        found.is_measured = True
        return
    if node.op_type == "BatchNormalization":
        found.operators.append(node.op_type)
    found.ends.append(front)
    found.evidence.append(by_landing(front))
    found.reads_pixels |= front.is_pixels and node.op_type in LINEAR | DENSE


def _told_by(node: ir.Node, front: Front) -> Iterator[Evidence]:
    match node.op_type:
        case "Clip" | "Max" | "Min" | "Relu":
            yield _by_clip(node, front)
        case "QuantizeLinear":
            yield _by_quantizer(node, front)
        case "BatchNormalization":
            yield _by_batch_normalization(node, front)


def _by_clip(node: ir.Node, front: Front) -> Evidence:
    ends = np.array(_bounds(node))
    if not np.isfinite(ends).any() or np.any(front.factors == 0):
        return NOTHING
    back = np.stack([front.back(np.full(len(front.channels), end)) for end in ends])
    return by_bounds(float(back.min(axis=0).max()), float(back.max(axis=0).min()))


def _bounds(node: ir.Node) -> tuple[float, float]:
    """Return between which constants a node holds its values; infinite where there is none, or it is not known."""
    if node.op_type == "Relu":
        return 0.0, np.inf
    values = [constant(node, index) for index in range(len(node.inputs))]
    numbers = [None if value is None or value.size == 0 else float(value.max()) for value in values]
    if node.op_type == "Clip":
        low, high = (numbers[index] if index < len(numbers) else None for index in (1, 2))
        low = optional_number(node, "min") if low is None else low
        high = optional_number(node, "max") if high is None else high
        return -np.inf if low is None else low, np.inf if high is None else high
    known = [number for number in numbers if number is not None]
    if node.op_type == "Max":
        return max(known, default=-np.inf), np.inf
    return -np.inf, min(known, default=np.inf)


def _by_quantizer(node: ir.Node, front: Front) -> Evidence:
    scale, zero = constant(node, 1), constant(node, 2)
    if scale is None or scale.size != 1 or (zero is not None and zero.size != 1):
        return NOTHING
    codes = _CODES.get("uint8" if zero is None else zero.dtype.name)
    if codes is None:
        return NOTHING
    real = (codes - (0.0 if zero is None else float(zero.reshape(())))) * float(scale.reshape(()))
    back = np.stack([front.back(np.full(len(front.channels), end)) for end in real])
    return by_calibration(float(back.min()), float(back.max()))


def _by_batch_normalization(node: ir.Node, front: Front) -> Evidence:
    found = statistics(node)
    if found is None or front.axis != 1 or len(found[2]) != len(front.channels) or np.any(found[3] <= 0):
        return NOTHING
    _, _, means, variances = found
    if np.all(means == 0) and np.allclose(variances, 1.0, atol=1e-2):
        return NOTHING  # as it is before any training
    return by_statistics(front.back(means), np.sqrt(variances) / np.abs(front.factors))
