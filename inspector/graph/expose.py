"""Expose tensors and pooling switches as outputs of a copy of the exported graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from inspector.errors import NotFoundError
from inspector.graph.marks import Mark, write_mark
from inspector.graph.opset import set_standard_opset, standard_opset

SWITCHES = "/switches"
"""Suffix of the output that carries a max-pooling's argmax indices, after the name of the pooled tensor."""

_FIRST_OPSET_WITH_INDICES = 8


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """What is exposed of a graph; each thing once."""

    tensors: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    """Outputs of max-poolings whose argmax indices are exposed, under the name plus `SWITCHES`."""
    marks: tuple[Mark, ...] = ()
    """Where tensors lie between bounds."""

    @classmethod
    def union(cls, parts: Iterable[Exposed]) -> Exposed:
        """Return what any of them exposes, in their order."""
        several = tuple(parts)
        largest = several[-1] if several else cls()
        if all(
            one.is_in(largest) for one in several
        ):  # the same one again, which knows its names and its hash
            return largest
        return cls(
            tensors=tuple(dict.fromkeys(name for one in several for name in one.tensors)),
            switches=tuple(dict.fromkeys(name for one in several for name in one.switches)),
            marks=tuple(dict.fromkeys(mark for one in several for mark in one.marks)),
        )

    def is_in(self, other: Exposed) -> bool:
        """Return whether another one exposes all that this one does."""
        return self is other or (
            all(name in other.tensors for name in self.tensors)
            and all(name in other.switches for name in self.switches)
            and all(mark in other.marks for mark in self.marks)
        )

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.tensors, self.switches, self.marks))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return (
            *self.tensors,
            *(name + SWITCHES for name in self.switches),
            *(mark.name for mark in self.marks),
        )

    @cached_property
    def like(self) -> tuple[tuple[str, str], ...]:
        """By output, switches apart: its name, and the tensor of whose values, and in whose shape, it is."""
        return (
            *((name, name) for name in self.tensors),
            *((mark.name, mark.tensor) for mark in self.marks),
        )


def expose(
    model: ir.Model, *, tensors: Sequence[str], switches: Iterable[str] = (), marks: Iterable[Mark] = ()
) -> ir.Model:
    """Return a copy whose outputs are `tensors`, the switches of the max-poolings that compute `switches`, and marks.

    The nodes that remain compute what they computed in the exported model; nodes that no output needs are gone.
    Switches are int64, flat over the whole N×C×H×W input (ONNX MaxPool, output `Indices`). A graph with marks runs
    where there are kernels.
    """
    copy = model.clone()
    graph = copy.graph
    values = _values(graph)
    outputs = [_find(values, name) for name in tensors]
    outputs += [_switches_of(copy, _find(values, name)) for name in switches]
    outputs += [write_mark(copy, _find(values, mark.tensor), mark) for mark in marks]
    graph.outputs.clear()
    graph.outputs.extend(outputs)
    RemoveUnusedNodesPass()(copy)
    drop_unused_initializers(graph)
    return copy


def _values(graph: ir.Graph) -> dict[str, ir.Value]:
    values = dict(graph.initializers)  # which may be outputs, too
    values.update({value.name: value for value in graph.inputs if value.name})
    values.update({value.name: value for node in graph for value in node.outputs if value.name})
    return values


def _find(values: dict[str, ir.Value], name: str) -> ir.Value:
    if name not in values:
        raise NotFoundError(f"The graph has no tensor {name!r}.", reason="TENSOR_NOT_FOUND", field="layer")
    return values[name]


def _switches_of(model: ir.Model, pooled: ir.Value) -> ir.Value:
    node = pooled.producer()
    if node is None or node.op_type != "MaxPool":
        raise NotFoundError(f"Tensor {pooled.name!r} is not computed by a MaxPool, so it has no switches.")
    if standard_opset(model) < _FIRST_OPSET_WITH_INDICES:
        # Opset 8 only adds to opset 7 (Indices of MaxPool; broadcasting of Max, Min, Mean, Sum): what a model of
        # opset 7 says means the same in 8.
        set_standard_opset(model, _FIRST_OPSET_WITH_INDICES)
    node.attributes.pop("storage_order", None)
    if len(node.outputs) < 2:
        node.resize_outputs(2)
    indices = node.outputs[1]
    indices.name = f"{pooled.name}{SWITCHES}"
    indices.dtype = ir.DataType.INT64
    return indices


def drop_unused_initializers(graph: ir.Graph) -> None:
    """Remove the weights that no node reads."""
    # Initializers that are listed as inputs (IR 3 and 4) are not dropped by the pass.
    for value in list(graph.initializers.values()):
        if not value.uses() and not value.is_graph_output() and value.name:
            del graph.initializers[value.name]
            if value in graph.inputs:
                graph.inputs.remove(value)
