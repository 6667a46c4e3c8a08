"""Reverse accumulation over nodes (Griewank & Walther, Evaluating Derivatives, ch. 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.builder import Builder
from inspector.grad.rule import known_operators
from inspector.grad.step import Step

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
    """Write the sum of the parts of a gradient; None where none has arrived."""
    if not parts:
        return None
    return builder.sum(parts)


_CONTROL_FLOW = {
    "If": "its condition depends on the image (or on the batch or image size, which the model leaves free). Export "
    "it with a fixed image size, or with torch.where or a Where in its place, so that the condition is constant",
    "Loop": "its turns are counted while it runs. Unroll it at export (trace the model instead of scripting it)",
    "Scan": "its body is run once per slice. Unroll it at export (trace the model instead of scripting it)",
}
"""By operator: why control flow has no backward rule, and how to mend it."""

_RUNTIME_DOMAINS = ("com.microsoft", "com.ms.internal")
"""Domains of operators that the runtime knows and no exporter writes."""


def is_control_flow(node: ir.Node) -> bool:
    """Tell whether a node runs graphs of its own, by what it finds."""
    return node.domain == "" and node.op_type in _CONTROL_FLOW


def no_rule(node: ir.Node) -> UnsupportedOperatorError:
    """Return the error for an operator that has no rule."""
    if is_control_flow(node):
        return UnsupportedOperatorError(
            f"{_describe(node)} has no backward rule: {_CONTROL_FLOW[node.op_type]}; "
            "or choose a target below this node."
        )
    if node.domain.startswith(_RUNTIME_DOMAINS):
        return UnsupportedOperatorError(
            f"{_describe(node)} has no backward rule: ONNX Runtime's own optimiser or quantiser writes this operator. "
            "Give the model as it was before ONNX Runtime optimised it, or choose a target below this node."
        )
    return UnsupportedOperatorError(
        f"{_describe(node)} has no backward rule. Operators with one: {', '.join(known_operators())}. "
        'Choose a target below this node, or add a rule (CONTRIBUTING.md, "To add X").'
    )


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
        f"{_describe(node)} depends on the image through its input {index} ({value.name!r}), and its rule "
        "has no gradient for that input.",
        reason="NO_GRADIENT_FOR_INPUT",
    )


def _describe(node: ir.Node) -> str:
    domain = f"{node.domain}::" if node.domain else ""
    return f"Node {node.name or node.outputs[0].name!r} with operator {domain}{node.op_type}"
