"""What a rule is, and the table of all rules.

A rule writes the vector-Jacobian product of one operator: `rule(b, node, *gys)` gets the gradients of the node's
outputs (None where none arrives, trailing ones left out) and returns one value, or None, per input of the node. It
may write gradients that nobody needs: they are pruned. None for an input means "no gradient": where one is needed,
that is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from inspector.operators.domains import STANDARD, Key
from inspector.registry import Registry

Gradients = Sequence[ir.Value | None]
Rule = Callable[..., Gradients]

_PACKAGE = "inspector.grad.rules"

RULES: Registry[tuple[str, str, int], Rule] = Registry("backward rule", package=_PACKAGE)
"""By (domain, operator, first opset for which the rule holds)."""

NO_GRADIENT: Registry[Key, str] = Registry("operator without gradient", package=_PACKAGE)
"""Operators whose output does not change smoothly with any input, with the reason."""

REFUSED: Registry[Key, str] = Registry("refused operator", package=_PACKAGE)
"""Operators that are neither ruled nor without a gradient, with the reason: a walk that meets one is an error."""

QUANTIZERS: Registry[Key, str] = Registry("quantizer", package=_PACKAGE)
"""Operators that turn floats into codes: only their first output carries a gradient, with the reason."""


def rule(*op_types: str, since: int = 1, domain: str = STANDARD) -> Callable[[Rule], Rule]:
    """Register a rule for operators, from an opset on."""

    def register(function: Rule) -> Rule:
        for op_type in op_types:
            RULES.add((domain, op_type, since), function)
        return function

    return register


def find_rule(node: ir.Node, opset: int) -> Rule | None:
    """Return the newest rule that holds at `opset`, or None."""
    domain, op_type = node.domain, node.op_type
    holding = [key for key in RULES if key[1] == op_type and key[0] == domain and key[2] <= opset]
    return RULES.get(max(holding)) if holding else None


def known_operators() -> tuple[str, ...]:
    """Return the names of all operators with a rule, sorted."""
    return tuple(sorted({op_type for _, op_type, _ in RULES}))


def operand(node: ir.Node, index: int) -> ir.Value:
    """Return an input that the operator requires."""
    value = node.inputs[index]
    if value is None:
        raise ValueError(f"Input {index} of {node.op_type} is missing.")
    return value


def optional(node: ir.Node, index: int | None) -> ir.Value | None:
    """Return an input that the node may leave out."""
    return node.inputs[index] if index is not None and index < len(node.inputs) else None
