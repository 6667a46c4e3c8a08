"""Which nodes are rectifiers: what exporters write where the paper has a ReLU."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx_ir as ir

from inspector.model.const import constant_value


def always(node: ir.Node) -> bool:  # noqa: ARG001
    """Say that an operator is a rectifier whatever its attributes."""
    return True


def clips_at_zero(node: ir.Node) -> bool:
    """Tell whether a Clip cuts off what is negative, as ReLU6 does: its lower bound is 0."""
    if "min" in node.attributes:
        return node.attributes["min"].as_float() == 0.0
    bound = constant_value(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1] is not None else None
    return bound is not None and float(bound) == 0.0


RECTIFIERS: Mapping[str, Callable[[ir.Node], bool]] = {
    "Relu": always,
    "Clip": clips_at_zero,
    "LeakyRelu": always,
    "PRelu": always,
    "ThresholdedRelu": always,
    "Elu": always,
    "Selu": always,
    "Celu": always,
    "Softplus": always,
    "HardSwish": always,
    "Gelu": always,
    "Mish": always,
}
"""By operator: the test that a node must pass."""
