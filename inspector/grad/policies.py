"""Policies: what happens to the signal at a rectifier. Data: {operator: how its rule is replaced}.

gradient   the derivative:                         R = mask(x) · g
deconvnet  rectify the signal instead:             R = max(g, 0)           (Zeiler & Fergus 2014, §2.1)
guided     both:                                   R = mask(x) · max(g, 0) (Springenberg et al. 2015, §3)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import onnx_ir as ir

from inspector.errors import unknown_name
from inspector.grad.builder import Builder
from inspector.grad.rectifiers import RECTIFIERS
from inspector.grad.rule import Gradients, Rule
from inspector.registry import Registry

Replacement = Callable[[Rule], Rule]


@dataclass(frozen=True)
class Policy:
    """A named set of replacement rules."""

    name: str
    replace: Mapping[str, Replacement]
    """By operator: how the rule is made from the operator's own."""

    def apply(self, node: ir.Node, rule: Rule) -> Rule:
        """Return the rule for `node` under this policy."""
        replacement = self.replace.get(node.op_type)
        if replacement is None or not RECTIFIERS[node.op_type](node):
            return rule
        return replacement(rule)


def _rectify_signal(_rule: Rule) -> Rule:
    def rectified(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
        return [b.op("Relu", gy)] + [None] * (len(node.inputs) - 1)

    return rectified


def _rectify_then(rule: Rule) -> Rule:
    def guided(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
        return rule(b, node, b.op("Relu", gy))

    return guided


POLICIES: Registry[str, Policy] = Registry("policy")
POLICIES.add("gradient", Policy("gradient", {}))
POLICIES.add("deconvnet", Policy("deconvnet", dict.fromkeys(RECTIFIERS, _rectify_signal)))
POLICIES.add("guided", Policy("guided", dict.fromkeys(RECTIFIERS, _rectify_then)))


def policy_named(name: str) -> Policy:
    """Return the policy of that name; NotFoundError names those that exist."""
    policy = POLICIES.get(name)
    if policy is None:
        raise unknown_name("policy", name, POLICIES.keys())
    return policy
