"""A step of the backward walk, and what a policy may put in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from inspector.grad.policies.rectifiers import Rectifier
from inspector.grad.rule import Rule


@dataclass(frozen=True)
class Step:
    """The values to which gradients go, and the rule that writes one for each."""

    inputs: Sequence[ir.Value | None]
    rule: Rule


RuleOf = Callable[[ir.Node], Rule]
"""Finds the rule of a node's operator; UnsupportedOperatorError where there is none."""

Replacement = Callable[[ir.Node, RuleOf], Step]
"""What happens at a node instead."""

Rectification = Callable[[Rectifier, RuleOf, Callable[[], Step]], Step | None]
"""What happens at a rectifier instead: at its last node, for all of its nodes; None for what happens at any node.

The last argument gives the derivative's step.
"""
