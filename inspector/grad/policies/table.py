"""Policies: what happens to the signal at each kind of node. Data: a name, and what replaces the derivative where.

At rectifiers:
gradient   the derivative:                         R = mask(x) · g
deconvnet  rectify the signal instead:             R = max(g, 0)           (Zeiler & Fergus 2014, §2.1)
guided     both:                                   R = mask(x) · max(g, 0) (Springenberg et al. 2015, §3)
open       as if x were above 0:                   R = g                  (Lucid, `redirected_relu_grad.py`)

Everywhere, layer-wise relevance propagation (Bach et al. 2015; Montavon et al. 2019, table 1), see
inspector.grad.policies.relevance:
lrp_epsilon                      the ε-rule
lrp_zplus                        the z⁺-rule (α1 β0) at linear layers
lrp_alpha2beta1                  the αβ-rule with α = 2, β = 1 at linear layers
lrp_epsilon_plus_flat            ε at dense layers, z⁺ at convolutions, evenly at the first layer
lrp_epsilon_alpha2beta1_flat     ε at dense layers, α2 β1 at convolutions, evenly at the first layer
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

import onnx_ir as ir

from inspector.errors import unknown_name
from inspector.grad.policies.rectifiers import Rectifier
from inspector.grad.policies.relevance import (
    RELEVANCE,
    LinearRule,
    alpha_beta,
    at_linear,
    at_merged,
    between_reals,
    bias_of,
    epsilon,
    flat,
    pass_through,
)
from inspector.grad.policies.saturation import cuts_off_negatives
from inspector.grad.rule import Gradients
from inspector.grad.step import Rectification, Replacement, RuleOf, Step
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.quantization import ON_CODES, SaturatingRule
from inspector.operators.families import CONVOLUTIONS, DENSE, LINEAR
from inspector.registry import Registry


class Signal(Enum):
    """What travels back."""

    GRADIENT = auto()
    """Per unit of the tensor that it is at."""
    RELEVANCE = auto()
    """In the target's unit, at every tensor."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A named set of replacements; where none is given, the derivative holds."""

    name: str
    signal: Signal = Signal.GRADIENT
    rectifier: Rectification | None = None
    operators: Mapping[str, Replacement | None] = field(default_factory=dict)
    """By operator; None for the derivative."""
    first: Mapping[str, Replacement] = field(default_factory=dict)
    """By operator, at the first linear layers."""
    others: Replacement | None = None
    """At operators that are not named."""

    def replacement(self, node: ir.Node, *, is_first: bool) -> Replacement | None:
        """Return what replaces the derivative at a node that is no rectifier."""
        on_codes = ON_CODES.get((node.domain, node.op_type))
        if self.signal is Signal.RELEVANCE and on_codes is not None:
            return between_reals(on_codes, lambda real: self._named(real.op_type, is_first=is_first))
        return self._named(node.op_type, is_first=is_first)

    def replaces(self, nodes: Iterable[ir.Node]) -> bool:
        """Return whether anything replaces the derivative at one of these nodes."""
        return any(self.replacement(node, is_first=False) is not None for node in nodes)

    def _named(self, op_type: str, *, is_first: bool) -> Replacement | None:
        if is_first and op_type in self.first:
            return self.first[op_type]
        return self.operators.get(op_type, self.others)


def _rectify_signal(rectifier: Rectifier, rule_of: RuleOf, _derivative: Callable[[], Step]) -> Step:
    rule = rule_of(rectifier.last) if cuts_off_negatives(rectifier.last) else None
    if isinstance(rule, SaturatingRule):
        return _rectify_then(Step(rectifier.last.inputs, rule.linear))

    def rectified(b: Builder, _node: ir.Node, gy: ir.Value) -> Gradients:
        return [b.op("Relu", gy)]

    return Step([rectifier.input], rectified)


def _rectify_then_differentiate(
    _rectifier: Rectifier, _rule_of: RuleOf, derivative: Callable[[], Step]
) -> Step:
    return _rectify_then(derivative())


def _rectify_then(step: Step) -> Step:
    def guided(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
        return step.rule(b, node, b.op("Relu", gy))

    return Step(step.inputs, guided)


def _keep_signal(rectifier: Rectifier, _rule_of: RuleOf, _derivative: Callable[[], Step]) -> Step | None:
    if cuts_off_negatives(rectifier.last) and rectifier.name != "QuantizeLinear":
        return None  # the node is a layer and its rectifier in one
    return Step([rectifier.input], pass_through)


def _relevance(
    name: str,
    *,
    convolutions: LinearRule | None = None,
    dense: LinearRule | None = None,
    first: LinearRule | None = None,
) -> Policy:
    """Return a policy of relevance propagation: the ε-rule, but at the linear layers for which a rule is given."""
    operators = dict(RELEVANCE)
    unbiased = (*(CONVOLUTIONS if convolutions is not None else ()), *(DENSE if dense is not None else ()))
    if unbiased:
        operators["Add"] = bias_of(unbiased)
    if convolutions is not None:
        operators |= dict.fromkeys(CONVOLUTIONS, at_linear(convolutions))
        operators["BatchNormalization"] = at_merged(convolutions)
    if dense is not None:
        operators |= dict.fromkeys(DENSE, at_linear(dense))
    at_first: dict[str, Replacement] = {}
    if first is not None:
        at_first = dict.fromkeys(LINEAR, at_linear(first))
        at_first["BatchNormalization"] = at_merged(first)
    return Policy(
        name=name,
        signal=Signal.RELEVANCE,
        rectifier=_keep_signal,
        operators=operators,
        first=at_first,
        others=epsilon,
    )


_ZPLUS, _ALPHA2_BETA1 = alpha_beta(1, 0), alpha_beta(2, 1)

POLICIES: Registry[str, Policy] = Registry("policy")
for _policy in (
    Policy(name="gradient"),
    Policy(name="deconvnet", rectifier=_rectify_signal),
    Policy(name="guided", rectifier=_rectify_then_differentiate),
    Policy(name="open", rectifier=_keep_signal),
    _relevance("lrp_epsilon"),
    _relevance("lrp_zplus", convolutions=_ZPLUS, dense=_ZPLUS),
    _relevance("lrp_alpha2beta1", convolutions=_ALPHA2_BETA1, dense=_ALPHA2_BETA1),
    _relevance("lrp_epsilon_plus_flat", convolutions=_ZPLUS, first=flat),
    _relevance("lrp_epsilon_alpha2beta1_flat", convolutions=_ALPHA2_BETA1, first=flat),
):
    POLICIES.add(_policy.name, _policy)


def policy_named(name: str) -> Policy:
    """Return the policy of that name; NotFoundError names those that exist."""
    policy = POLICIES.get(name)
    if policy is None:
        raise unknown_name("policy", name, POLICIES.keys())
    return policy
