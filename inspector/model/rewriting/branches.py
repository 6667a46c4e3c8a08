"""If with a constant condition: replaced by the branch that is taken.

Exporters write If where a program asks for a shape: for a model of a fixed image size the answer is always the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import onnx
from onnx.helper import make_node

from inspector.errors import InvalidModelError
from inspector.model.rewriting.names import free_name, renamed, subgraphs
from inspector.model.shapes.infer import infer_values
from inspector.operators.domains import STANDARD_SPELLINGS
from inspector.types.arrays import Array


def fold_branches(proto: onnx.ModelProto, image_input: str) -> bool:
    """Replace, in place, every If whose condition is the same for all images; say whether there was one.

    A condition is constant where it follows from weights and from shapes, be it one image or two. Branches within
    branches are opened one after the other. An If whose condition depends on the image stays as it is.
    """
    found = False
    while conditions := _conditions(proto, image_input):
        found = True
        defined = Counter(_definitions(proto.graph))
        nodes = Counter(node.name for node in proto.graph.node)
        unfolded: list[onnx.NodeProto] = []
        for node in proto.graph.node:
            if _is_if(node) and node.input[0] in conditions:
                branch = _branch(node, "then_branch" if conditions[node.input[0]] else "else_branch")
                defined -= Counter(name for graph in subgraphs(node) for name in _definitions(graph))
                opened = _opened(branch, node, proto.graph, defined)
                nodes[node.name] -= 1
                for inner in opened:  # the runtime refuses two nodes of one name
                    inner.name = inner.name and free_name(inner.name, nodes)
                unfolded += opened
            else:
                unfolded.append(onnx.NodeProto.FromString(node.SerializeToString()))
        del proto.graph.node[:]
        proto.graph.node.extend(unfolded)
    return found


def _conditions(proto: onnx.ModelProto, image_input: str) -> dict[str, bool]:
    """Return the constant conditions of the outermost Ifs, by name."""
    names = {node.input[0] for node in proto.graph.node if _is_if(node)}
    if not names:
        return {}
    found = _truths(infer_values(proto, image_input, batch=1), names)
    if not found:
        return {}
    try:
        for_two = _truths(infer_values(proto, image_input, batch=2), names)
    except InvalidModelError:  # the model takes one image at a time
        return found
    return {name: truth for name, truth in found.items() if for_two.get(name) == truth}


def _truths(values: Mapping[str, Array], names: Iterable[str]) -> dict[str, bool]:
    return {name: bool(values[name].reshape(-1)[0]) for name in names if name in values and values[name].size}


def _is_if(node: onnx.NodeProto) -> bool:
    return node.op_type == "If" and node.domain in STANDARD_SPELLINGS


def _definitions(graph: onnx.GraphProto) -> Iterator[str]:
    """Yield the names of all tensors that a graph and its subgraphs define."""
    yield from (item.name for item in (*graph.input, *graph.initializer))
    for node in graph.node:
        yield from filter(None, node.output)
        for inner in subgraphs(node):
            yield from _definitions(inner)


def _branch(node: onnx.NodeProto, name: str) -> onnx.GraphProto:
    for attribute in node.attribute:
        if attribute.name == name:
            return attribute.g
    raise InvalidModelError(f"Node {node.name or node.output[0]!r} (If) has no {name}.")


def _opened(
    branch: onnx.GraphProto, node: onnx.NodeProto, graph: onnx.GraphProto, defined: Counter[str]
) -> list[onnx.NodeProto]:
    """Return a branch's nodes, which write the outputs of the If; its weights go to the graph."""
    if len(branch.output) != len(node.output):
        raise InvalidModelError(
            f"Node {node.name or node.output[0]!r} (If) has {len(node.output)} outputs; its branch "
            f"{branch.name!r} has {len(branch.output)}."
        )
    computed = {name for inner in branch.node for name in inner.output}
    names: dict[str, str] = {}
    for given, wanted in zip(branch.output, node.output, strict=True):
        if given.name in computed and wanted:
            names.setdefault(given.name, wanted)
    for name in (*(tensor.name for tensor in branch.initializer), *filter(None, computed)):
        if name not in names:
            names[name] = free_name(name, defined)
    for tensor in branch.initializer:
        copy = graph.initializer.add()
        copy.CopyFrom(tensor)
        copy.name = names[tensor.name]
    nodes = [renamed(inner, names) for inner in branch.node]
    for given, wanted in zip(branch.output, node.output, strict=True):
        source = names.get(given.name, given.name)
        if wanted and source != wanted:
            nodes.append(make_node("Identity", [source], [wanted], name=wanted))
    return nodes
