"""Model-local functions: inlined before anything else looks at the graph, so that every layer of theirs is seen.

ONNX's own inliner does the work (attributes, absent inputs). A node, and what it computes, keeps its name behind those
of the calls that lead to it: "block1/conv".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import onnx
import onnx.inliner

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits, require_at_most
from inspector.model.rewriting.names import free_name, renamed, subgraphs
from inspector.operators.domains import STANDARD_SPELLINGS

Key = tuple[str, str, str]
"""Domain, name and overload of a function."""


def inline_functions(proto: onnx.ModelProto, *, limits: Limits) -> bool:
    """Replace, in place, the calls of model-local functions by their bodies; say whether there were any.

    LimitExceededError, before anything is expanded, where the bodies are too many nodes together or nested too deep;
    InvalidModelError where functions call each other in a circle.
    """
    if not proto.functions:
        return False
    functions = {_key(function): function for function in proto.functions}
    _check_expansion(proto, functions, limits)
    scaffold = _without_weights(proto)
    taken = Counter(name for name in _tensors(scaffold.graph))
    _import_all(scaffold, proto.functions)
    names = _Specialized(functions, scaffold).names
    try:
        inlined = onnx.inliner.inline_local_functions(scaffold, convert_version=True)
    except (RuntimeError, ValueError):
        return (
            False  # opsets that cannot be brought together: the runtime still runs the functions as they are
        )
    for node in _all_nodes(inlined.graph.node):
        node.name = names.get(node.name.rpartition("__")[0], node.name)
    tensors: dict[str, str] = {}
    for node in inlined.graph.node:
        path = node.name.rpartition("/")[0]
        for name in node.output:
            if name and name not in taken:
                tensors[name] = free_name(f"{path}/{name.rpartition('__')[0]}", taken)
    nodes = [renamed(node, tensors) for node in inlined.graph.node]
    for field in (proto.graph.node, proto.functions, proto.opset_import):
        del field[:]
    proto.graph.node.extend(nodes)
    used = {*STANDARD_SPELLINGS, *(node.domain for node in _all_nodes(proto.graph.node))}
    proto.opset_import.extend(entry for entry in scaffold.opset_import if entry.domain in used)
    return True


def _tensors(graph: onnx.GraphProto) -> Iterator[str]:
    yield from (info.name for info in graph.input)
    for node in graph.node:
        yield from node.output


def _key(item: onnx.NodeProto | onnx.FunctionProto) -> Key:
    name = item.op_type if isinstance(item, onnx.NodeProto) else item.name
    return item.domain, name, item.overload


def _check_expansion(
    proto: onnx.ModelProto, functions: dict[Key, onnx.FunctionProto], limits: Limits
) -> None:
    calls = {key: Counter(_calls(function.node, functions)) for key, function in functions.items()}
    try:
        order = list(TopologicalSorter(calls).static_order())
    except CycleError as error:
        names = " -> ".join("::".join(part for part in key if part) for key in error.args[1][:6])
        raise InvalidModelError(f"The model's functions call each other in a circle: {names}.") from error
    sizes: dict[Key, int] = {}
    depths: dict[Key, int] = {}
    for key in order:
        own = sum(1 for _ in _all_nodes(functions[key].node))
        sizes[key] = own + sum(count * sizes[inner] for inner, count in calls[key].items())
        depths[key] = 1 + max((depths[inner] for inner in calls[key]), default=0)
        if depths[key] > limits.max_subgraph_depth:
            raise LimitExceededError(
                f"Function {key[1]!r} is nested {depths[key]} deep; the limit is "
                f"{limits.max_subgraph_depth}. {limits.mend('max_subgraph_depth')}",
                field="max_subgraph_depth",
            )
    whole = sum(1 for _ in _all_nodes(proto.graph.node))
    whole += sum(sizes[key] for key in _calls(proto.graph.node, functions))
    require_at_most(whole, limits, what="The number of nodes with all functions inlined", name="max_nodes")


def _calls(nodes: Iterable[onnx.NodeProto], functions: dict[Key, onnx.FunctionProto]) -> Iterator[Key]:
    return (_key(node) for node in _all_nodes(nodes) if _key(node) in functions)


def _all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Yield nodes and those of their subgraphs."""
    pending = list(nodes)[::-1]
    while pending:
        node = pending.pop()
        yield node
        for graph in subgraphs(node):
            pending.extend(reversed(graph.node))


def _without_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy in which the initializers are inputs: the inliner must only know their names."""
    copy = onnx.ModelProto(ir_version=proto.ir_version)
    copy.opset_import.extend(proto.opset_import)
    copy.graph.name = proto.graph.name
    copy.graph.node.extend(proto.graph.node)
    copy.graph.output.extend(proto.graph.output)
    copy.graph.input.extend(proto.graph.input)
    listed = {info.name for info in proto.graph.input}
    copy.graph.input.extend(
        onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        for tensor in proto.graph.initializer
        if tensor.name not in listed
    )
    return copy


def _import_all(model: onnx.ModelProto, functions: Iterable[onnx.FunctionProto]) -> None:
    """Let the model import every domain that a function imports; of versions that differ, the model's holds.

    So ONNX Runtime reads functions, which is what counts; exporters write one version for all.
    """
    imports = {entry.domain: entry for function in functions for entry in function.opset_import}
    imports |= {entry.domain: entry for entry in model.opset_import}
    del model.opset_import[:]
    model.opset_import.extend(imports.values())


class _Specialized:
    """A copy of its function for each call, with nodes named after the path to it: the inliner knows no paths.

    Attributes that the call leaves out are spelled out too: the inliner forgets their defaults.
    """

    def __init__(self, functions: dict[Key, onnx.FunctionProto], scaffold: onnx.ModelProto) -> None:
        self.names: dict[str, str] = {}
        """The names that nodes are to have, by the names that they bear until they are inlined."""
        self._functions, self._scaffold = functions, scaffold
        self._taken = Counter(node.name for node in _all_nodes(scaffold.graph.node))
        self._specialize(scaffold.graph.node, prefix="")

    def _specialize(self, nodes: Iterable[onnx.NodeProto], *, prefix: str) -> None:
        """Give each call among the nodes its own function; within a function, name the nodes."""
        for node in list(_all_nodes(nodes)):
            function = self._functions.get(_key(node))
            name = prefix + (node.name or node.op_type)
            if function is None:
                if prefix:
                    node.name = self._announce(name)
                continue
            copy = self._scaffold.functions.add()
            copy.CopyFrom(function)
            given = {attribute.name for attribute in node.attribute}
            node.attribute.extend(item for item in function.attribute_proto if item.name not in given)
            copy.overload = ""
            del copy.opset_import[:]
            copy.opset_import.extend(self._scaffold.opset_import)
            copy.name = node.op_type = f"{function.name}.{len(self._scaffold.functions)}"
            node.overload = ""
            path = free_name(name, self._taken) if prefix or not node.name else name
            self._specialize(copy.node, prefix=f"{path}/")

    def _announce(self, name: str) -> str:
        """Return a short name that stands for a long one."""
        short = f"node.{len(self.names)}"
        self.names[short] = free_name(name, self._taken)
        return short
