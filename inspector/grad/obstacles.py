"""Where a gradient would not come through, found without writing a backward graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx_ir as ir

from inspector.grad.path import find_blocks, find_path
from inspector.grad.refusal import is_control_flow, why_blocked
from inspector.grad.rule import REFUSED, find_rule
from inspector.graph.opset import standard_opset
from inspector.operators.nodes import name_of


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """A node that a walk back from a tensor to the image cannot pass."""

    node: str
    operator: str
    reason: str
    stops_all: bool
    """Whether no way goes around it: the gradient ends here, though other nodes have their rules."""


def obstacles(model: ir.Model, *, source: str, target: str, dtypes: Mapping[str, str]) -> list[Obstacle]:
    """Return the nodes between two tensors without a backward rule, or that end all ways, in graph order.

    None where `source` does not depend on `target`, or there is no tensor of a name. `dtypes` names the types that the
    graph does not state.
    """
    values = {value.name: value for node in model.graph for value in node.outputs}
    values |= {value.name: value for value in model.graph.inputs}
    if source not in values or target not in values:
        return []
    end, begin = values[source], values[target]
    nodes, reached = find_path(end, begin, dtypes=dtypes)
    opset = standard_opset(model)
    if end not in reached:
        return [
            _obstacle(node, why_blocked(node, dtypes), stops_all=True)
            for node in find_blocks(end, begin, reached=reached)
        ]
    return [
        _obstacle(node, _why_unruled(node), stops_all=False)
        for node in nodes
        if is_control_flow(node) or find_rule(node, opset) is None
    ]


def _why_unruled(node: ir.Node) -> str:
    stated = REFUSED.get((node.domain, node.op_type))
    return stated or (
        "it runs graphs of its own" if is_control_flow(node) else "nobody has written a rule for it"
    )


def _obstacle(node: ir.Node, reason: str, *, stops_all: bool) -> Obstacle:
    return Obstacle(
        node=name_of(node),
        operator=f"{node.domain}::{node.op_type}" if node.domain else node.op_type,
        reason=reason,
        stops_all=stops_all,
    )
