"""Which rule holds at which node: the operator's own, or what a policy puts in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import onnx_ir as ir

from inspector.grad.joins import nested_joins
from inspector.grad.policies.rectifiers import Rectifier
from inspector.grad.policies.table import Policy
from inspector.grad.step import RuleOf, Step
from inspector.grad.whole import whole_step
from inspector.grad.writing.builder import Builder
from inspector.operators.families import LINEAR
from inspector.operators.twins import float_operator


class Choice:
    """The rules of one backward walk."""

    def __init__(
        self,
        rectifiers: Mapping[ir.Node, Rectifier],
        *,
        nodes: Sequence[ir.Node],
        reached: set[ir.Value],
        policy: Policy,
        overrides: Mapping[str, Policy],
        rule_of: RuleOf,
        builder: Builder,
    ) -> None:
        """Choose for a walk over `nodes`; `overrides` gives policies by the tensors that their layers compute."""
        # A walk that ends within a rectifier's nodes meets them one by one.
        found = [rectifier for rectifier in rectifiers.values() if rectifier.input in reached]
        self._rectifiers = {rectifier.last: rectifier for rectifier in found}
        self._inner = {node for rectifier in found for node in rectifier.nodes - {rectifier.last}}
        self._first = _first_linear(nodes)
        self._places = {node: place for place, node in enumerate(nodes)}
        self._policy, self._overrides, self._rule_of = policy, overrides, rule_of
        self._builder = builder
        self._joins = nested_joins(nodes, builder)
        self.rectified: set[str] = set()
        """The outputs of the rectifiers at which a policy had a say."""
        self.effective: set[str] = set()
        """The tensors of overrides that made a difference."""

    def step(self, node: ir.Node) -> Step:
        """Return what happens at a node: the values that gradients go to, and the rule that writes them."""
        rectifier = self._rectifiers.get(node)
        if rectifier is not None:
            named, policy = self._policy_at(rectifier.nodes)
            if policy.rectifier is not self._policy.rectifier and named is not None:
                self.effective.add(named)
            step = None
            if policy.rectifier is not None:
                step = policy.rectifier(rectifier, self._rule_of, lambda: self._derivative(rectifier))
            elif not policy.replaces(rectifier.nodes):
                return self._derivative(rectifier)
            if step is not None:
                self.rectified.add(node.outputs[0].name or "")
                return step
        if node not in self._inner:
            is_first = node in self._first
            named, policy = self._policy_at([node])
            replace = policy.replacement(node, is_first=is_first)
            if named is not None and replace is not self._policy.replacement(node, is_first=is_first):
                self.effective.add(named)
            if replace is not None:
                return replace(node, self._rule_of)
        return self._joins.get(node) or Step(node.inputs, self._rule_of(node))

    def _derivative(self, rectifier: Rectifier) -> Step:
        """Return the derivative of a rectifier: as one function where it is one, else that of its last node."""
        nodes = [node for node in rectifier.nodes if node in self._places]
        whole = whole_step(
            self._builder, rectifier, sorted(nodes, key=self._places.__getitem__), self._rule_of
        )
        return whole or Step(rectifier.last.inputs, self._rule_of(rectifier.last))

    def _policy_at(self, nodes: Iterable[ir.Node]) -> tuple[str | None, Policy]:
        """Return the tensor that an override names among the outputs of nodes, if one does, and the policy there."""
        names = (value.name or "" for node in nodes for value in node.outputs)
        named = next((name for name in names if name in self._overrides), None)
        return named, self._policy if named is None else self._overrides[named]


def _first_linear(nodes: Sequence[ir.Node]) -> set[ir.Node]:
    """Return the linear layers that no other one lies before, with the normalizations right behind them."""
    first: set[ir.Node] = set()
    behind: set[ir.Value] = set()
    for node in nodes:
        is_behind = any(value in behind for value in node.inputs)
        is_linear = float_operator(node) in LINEAR
        if is_linear and not is_behind:
            first.add(node)
        if node.op_type == "BatchNormalization" and node.inputs[0] is not None:
            first |= {node} if node.inputs[0].producer() in first else set()
        if is_behind or is_linear:
            behind.update(node.outputs)
    return first
