"""The errors of a backward walk that cannot go on: which node stops it, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx_ir as ir

from inspector.errors import InvalidInputError, UnsupportedOperatorError
from inspector.grad.path import dtype_name
from inspector.grad.rule import NO_GRADIENT, QUANTIZERS, REFUSED, known_operators
from inspector.operators.domains import MICROSOFT, is_standard
from inspector.operators.families import CONTROL_FLOW

_RUNTIME_DOMAINS = (MICROSOFT, "com.ms.internal")
"""Domains of operators that the runtime knows and no exporter writes."""

_SHOWN = 3
"""How many of the nodes that stop a walk a message names."""


def describe(node: ir.Node) -> str:
    """Return a node's name and operator, to begin or to go on with a sentence."""
    domain = f"{node.domain}::" if node.domain else ""
    return f"Node {node.name or node.outputs[0].name!r} with operator {domain}{node.op_type}"


def is_control_flow(node: ir.Node) -> bool:
    """Return whether a node runs graphs of its own, by what it finds."""
    return is_standard(node) and node.op_type in CONTROL_FLOW


def no_rule(node: ir.Node) -> UnsupportedOperatorError:
    """Return the error for an operator that has no rule, with the reason if it is one that never gets any."""
    reason = REFUSED.get((node.domain, node.op_type))
    if reason is not None:
        return UnsupportedOperatorError(
            f"{describe(node)} has no backward rule: {reason}. Choose a target below this node."
        )
    if node.domain.startswith(_RUNTIME_DOMAINS):
        return UnsupportedOperatorError(
            f"{describe(node)} has no backward rule: ONNX Runtime's own optimizer or quantizer writes this operator. "
            "Give the model as it was before ONNX Runtime optimized it, or choose a target below this node."
        )
    return UnsupportedOperatorError(
        f"{describe(node)} has no backward rule. Operators with one: {', '.join(known_operators())}. "
        'Choose a target below this node, or add a rule (CONTRIBUTING.md, "To add X").'
    )


def no_way(
    source: ir.Value, target: ir.Value, blocks: Sequence[ir.Node], *, dtypes: Mapping[str, str]
) -> InvalidInputError:
    """Return the error for a source that no gradient leads back from; `blocks` are the nodes that stop all of them."""
    if not blocks:
        message = f"Tensor {source.name!r} does not depend on {target.name!r}, so there is no gradient."
    else:
        named = "; ".join(
            f"{describe(node)}, because {why_blocked(node, dtypes)}" for node in blocks[:_SHOWN]
        )
        more = f"; and {len(blocks) - _SHOWN} more" if len(blocks) > _SHOWN else ""
        message = (
            f"Tensor {source.name!r} depends on {target.name!r} only through operators that pass no gradient. "
            f"{named}{more}. Choose a target below, or one that depends on the image another way too."
        )
    return InvalidInputError(message, reason="NOT_DIFFERENTIABLE")


def nothing_handed_on(source: ir.Value, target: ir.Value, policy: str) -> InvalidInputError:
    """Return the error for a way on which the policy gives all to the other inputs of some operator."""
    return InvalidInputError(
        f"Of tensor {source.name!r} the policy {policy!r} hands nothing on to {target.name!r}: the operators between "
        "read it where they take parameters, as a divisor is. Take another method or policy, or a target below.",
        reason="NOT_DIFFERENTIABLE",
    )


def why_blocked(node: ir.Node, dtypes: Mapping[str, str]) -> str:
    """Return why a node that gradients could reach hands none on, to go on with a sentence."""
    key = (node.domain, node.op_type)
    stated = NO_GRADIENT.get(key) or REFUSED.get(key) or QUANTIZERS.get(key)
    if stated is not None:
        return stated
    whole = [value for value in node.outputs if "float" not in dtype_name(value, dtypes)]
    return " and ".join(f"its output {value.name!r} is {dtype_name(value, dtypes)}" for value in whole)
