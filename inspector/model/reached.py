"""Which nodes of a file the inputs reach, and which lead to an output, as the file was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import onnx

from inspector.model.file_facts import FileFacts
from inspector.operators.domains import MICROSOFT, STANDARD_SPELLINGS, Key, key_of
from inspector.operators.families import RANDOM, VALUE_FREE
from inspector.operators.twins import TWINS


@dataclass(frozen=True, kw_only=True)
class NodeAt:
    """A node of the outermost graph."""

    name: str
    """The node's own, else that of its first output."""
    operator: str
    domain: str
    is_end: bool = False
    """Whether no node reads what it gives."""

    @property
    def float_operator(self) -> str:
        """The operator that it stands for where it computes on codes; its own otherwise."""
        twin = TWINS.get((self.domain, self.operator))
        return self.operator if twin is None else twin.float_operator

    @property
    def is_known(self) -> bool:
        """Whether its operator is one of ONNX's own, or of ONNX Runtime's."""
        return self.domain in (*STANDARD_SPELLINGS, MICROSOFT)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What of a graph is not on a way from an input to an output."""

    unused: tuple[NodeAt, ...] = ()
    """Nodes that no output uses."""
    unfed: tuple[NodeAt, ...] = ()
    """Nodes that give the same whatever the inputs are, though not where their shapes differ; constants are left out.

    They read something, but no input's values.
    """
    constant: tuple[NodeAt, ...] = ()
    """The nodes among these that do not depend on an input's shape either."""
    unfed_outputs: tuple[str, ...] = ()
    """Outputs that no input's values reach."""


def reached(file: FileFacts) -> Reached | None:
    """Return what of a file's outermost graph lies on no way from inputs to outputs; None where that is not known.

    What graphs within nodes read counts as read by the node.
    """
    if file.skeleton is None:
        return None
    graph = onnx.ModelProto.FromString(file.skeleton).graph
    inputs = set(file.inputs) - set(file.initializers)
    nodes = list(graph.node)
    used = _used(nodes, file.outputs)
    by_values, by_shapes = set(inputs), set(inputs)
    unfed, constant = [], []
    for node in nodes:
        read, given = set(_reads(node)), [name for name in node.output if name]
        domain, operator = key_of(node)
        draws = operator in RANDOM or operator == "Dropout"
        has_values = draws or bool(read & by_values)
        if has_values and (operator not in VALUE_FREE or domain):
            by_values.update(given)
        elif read:
            unfed.append(_at(node, (domain, operator)))
        if draws or read & by_shapes:
            by_shapes.update(given)
        elif read:
            constant.append(_at(node, (domain, operator)))
    given_by_nodes = {name for node in nodes for name in node.output}
    read_by_nodes = {name for node in nodes for name in _reads(node)}
    return Reached(
        unused=tuple(
            _at(node, key_of(node), is_end=not read_by_nodes.intersection(node.output))
            for node in nodes
            if not used.intersection(node.output)
        ),
        unfed=tuple(unfed),
        constant=tuple(constant),
        unfed_outputs=tuple(
            name for name in file.outputs if name in given_by_nodes and name not in by_values
        ),
    )


def _used(nodes: Iterable[onnx.NodeProto], outputs: Iterable[str]) -> set[str]:
    """Return the tensors that outputs are made of, of nodes in order."""
    used = set(outputs)
    for node in reversed(list(nodes)):
        if used.intersection(name for name in node.output if name):
            used.update(_reads(node))
    return used


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the tensors that a node reads, those of its graphs and what they define themselves included."""
    pending = [node]
    while pending:
        one = pending.pop()
        yield from (name for name in one.input if name)
        for attribute in one.attribute:
            for graph in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
                yield from (output.name for output in graph.output)
                pending.extend(graph.node)


def _at(node: onnx.NodeProto, key: Key, *, is_end: bool = False) -> NodeAt:
    tensor = next((name for name in node.output if name), "")
    name = node.name or tensor or node.op_type
    return NodeAt(name=name, operator=key[1], domain=key[0], is_end=is_end)
