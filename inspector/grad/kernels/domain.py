"""The operators of the kernels, as `onnx-inspector-kernels` of interface 4 has them, in version 1 of their domain."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from inspector.operators.domains import KERNELS
from inspector.types.arrays import Array


class KernelWriter:
    """Writes nodes of the domain into a graph."""

    def __init__(self, graph: ir.Graph) -> None:
        """Write into a graph of float32."""
        self._graph = graph
        self._taken = {value.name for node in graph for value in node.outputs} | set(graph.initializers)
        self.written = 0

    def replace(
        self,
        value: ir.Value,
        op_type: str,
        *inputs: ir.Value,
        shape: ir.Shape | None = None,
        **attributes: Any,
    ) -> None:
        """Let an operator of the domain compute `value`, which a node of the graph computes so far."""
        last = value.producer()
        if last is None:
            raise ValueError(f"No node computes {value.name!r}.")
        node = ir.node(op_type, list(inputs), attributes, domain=KERNELS)
        made = node.outputs[0]
        made.name, made.dtype, made.shape = self._name(op_type), ir.DataType.FLOAT, shape
        self._graph.insert_before(last, node)
        value.replace_all_uses_with(made, replace_graph_outputs=True)
        self.written += 1

    def constant(self, array: Array) -> ir.Value:
        """Write a constant of float32."""
        name = self._name("constant")
        value = ir.val(name, const_value=ir.tensor(array, name=name))
        self._graph.register_initializer(value)
        return value

    def _name(self, kind: str) -> str:
        name = f"grad/{kind}_kernel_{self.written}"
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def is_kernel(node: ir.Node | None, op_type: str) -> bool:
    """Return whether a node is that operator of the domain."""
    return node is not None and node.domain == KERNELS and node.op_type == op_type
