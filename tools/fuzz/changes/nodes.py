"""Changes of nodes: their operators, inputs, outputs and order."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tools.fuzz.changes.parts import (
    DOMAINS,
    Change,
    a_name,
    a_node,
    graphs_within,
    operators,
)
from tools.fuzz.draw import Draw


def _another_operator(draw: Draw, proto: onnx.ModelProto) -> None:
    if (node := a_node(draw, proto)) is not None:
        domain, node.op_type = draw.pick(operators())
        if draw.chance(0.5):
            node.domain = domain


def _another_domain(draw: Draw, proto: onnx.ModelProto) -> None:
    if (node := a_node(draw, proto)) is not None:
        node.domain = draw.pick(DOMAINS)
        if draw.chance(0.8):
            proto.opset_import.append(helper.make_opsetid(node.domain, 1))


def _another_input(draw: Draw, proto: onnx.ModelProto) -> None:
    node = a_node(draw, proto)
    if node is not None and node.input:
        node.input[draw.below(len(node.input))] = a_name(draw, proto)


def _more_inputs(draw: Draw, proto: onnx.ModelProto) -> None:
    if (node := a_node(draw, proto)) is not None:
        node.input.extend(a_name(draw, proto) for _ in range(draw.pick((1, 1, 2, 8))))


def _fewer_inputs(draw: Draw, proto: onnx.ModelProto) -> None:
    node = a_node(draw, proto)
    if node is not None and node.input:
        del node.input[draw.below(len(node.input)) if draw.chance(0.7) else -len(node.input) :]


def _another_output(draw: Draw, proto: onnx.ModelProto) -> None:
    node = a_node(draw, proto)
    if node is not None and node.output:
        node.output[draw.below(len(node.output))] = a_name(draw, proto)


def _more_outputs(draw: Draw, proto: onnx.ModelProto) -> None:
    if (node := a_node(draw, proto)) is not None:
        node.output.extend(f"more{index}" for index in range(draw.pick((1, 1, 2, 8))))


def _fewer_outputs(draw: Draw, proto: onnx.ModelProto) -> None:
    node = a_node(draw, proto)
    if node is not None and node.output:
        del node.output[draw.below(len(node.output)) :]


def _without_a_node(draw: Draw, proto: onnx.ModelProto) -> None:
    graph = draw.pick(list(graphs_within(proto.graph)))
    if graph.node:
        del graph.node[draw.below(len(graph.node))]


def _a_node_again(draw: Draw, proto: onnx.ModelProto) -> None:
    node = a_node(draw, proto)
    if node is None:
        return
    copy = proto.graph.node.add()
    copy.CopyFrom(node)
    if draw.chance(0.7):
        copy.output[:] = [f"{name}_again" for name in copy.output]


def _nodes_in_another_order(draw: Draw, proto: onnx.ModelProto) -> None:
    if len(proto.graph.node) > 1:
        first, second = (draw.below(len(proto.graph.node)) for _ in range(2))
        kept = onnx.NodeProto.FromString(proto.graph.node[first].SerializeToString())
        proto.graph.node[first].CopyFrom(proto.graph.node[second])
        proto.graph.node[second].CopyFrom(kept)


def _within_a_branch(draw: Draw, proto: onnx.ModelProto) -> None:
    """Put a node's work into the branches of an If, or a graph where none belongs."""
    node = a_node(draw, proto)
    if node is None or not node.output:
        return
    inner = onnx.NodeProto.FromString(node.SerializeToString())
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inner.output]
    graph = helper.make_graph([inner], draw.text() or "g", [], outputs)
    if draw.chance(0.7):
        proto.graph.initializer.append(numpy_helper.from_array(np.array(draw.chance(0.5)), "decided"))
        node.CopyFrom(
            helper.make_node("If", ["decided"], list(inner.output), then_branch=graph, else_branch=graph)
        )
    else:
        node.attribute.append(helper.make_attribute(draw.pick(("body", "then_branch", "g")), graph))


CHANGES: tuple[Change, ...] = (
    _another_operator,
    _another_domain,
    _another_input,
    _more_inputs,
    _fewer_inputs,
    _another_output,
    _more_outputs,
    _fewer_outputs,
    _without_a_node,
    _a_node_again,
    _nodes_in_another_order,
    _within_a_branch,
)
"""All of them."""
