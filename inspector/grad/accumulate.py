"""Reverse accumulation over nodes (Griewank & Walther, Evaluating Derivatives, ch. 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.refusal import describe
from inspector.grad.step import Step
from inspector.grad.writing.builder import Builder

Arrived = dict[ir.Value, list[ir.Value]]
"""By forward tensor: the parts of its gradient that have arrived so far."""


def accumulate(
    builder: Builder,
    nodes: Sequence[ir.Node],
    arrived: Arrived,
    *,
    reached: set[ir.Value],
    step_for: Callable[[ir.Node], Step],
    missing: Callable[[ir.Node, int, ir.Value], None] | None = None,
) -> None:
    """Walk the nodes, which are in graph order, backwards: take the gradients of outputs from `arrived`, add those of
    the inputs in `reached`; `missing` is told where a rule has none, and raises UnsupportedOperatorError by default.
    """
    for node in reversed(nodes):
        gys = [total(builder, arrived.pop(value, None)) for value in node.outputs]
        while gys and gys[-1] is None:  # a rule sees the gradients up to the last one that arrived
            gys.pop()
        if gys:
            _take(builder, node, step_for(node), gys, reached, arrived, missing or _refuse)


def total(builder: Builder, parts: Sequence[ir.Value] | None) -> ir.Value | None:
    """Write the sum of the parts of a gradient; None where none has arrived.

    All have the tensor's shape, so what was spread over it is added as it was before: Add spreads as well.
    """
    if not parts:
        return None
    own = [part for part in parts if _before_spreading(part) is None]
    spread = [before for part in parts if (before := _before_spreading(part)) is not None]
    if not own or not spread:
        return builder.sum(parts)
    builder.spread |= {before.name for before in spread if before.name}
    return builder.sum([*own, *spread])


def _before_spreading(part: ir.Value) -> ir.Value | None:
    """Return what an Expand spread; None of what none did."""
    node = part.producer()
    return node.inputs[0] if node is not None and node.op_type == "Expand" and not node.domain else None


def _take(
    builder: Builder,
    node: ir.Node,
    step: Step,
    gys: Sequence[ir.Value | None],
    reached: set[ir.Value],
    arrived: Arrived,
    missing: Callable[[ir.Node, int, ir.Value], None],
) -> None:
    gxs = step.rule(builder, node, *gys)
    if len(gxs) != len(step.inputs):
        raise ValueError(
            f"The rule of {node.op_type} gave {len(gxs)} gradients for {len(step.inputs)} inputs."
        )
    for index, (value, gx) in enumerate(zip(step.inputs, gxs, strict=True)):
        if value is None or value not in reached:
            continue
        if gx is None:
            missing(node, index, value)
        else:
            arrived.setdefault(value, []).append(gx)


def _refuse(node: ir.Node, index: int, value: ir.Value) -> None:
    raise UnsupportedOperatorError(
        f"{describe(node)} depends on the image through its input {index} ({value.name!r}), and its rule "
        "has no gradient for that input.",
        reason="NO_GRADIENT_FOR_INPUT",
    )
