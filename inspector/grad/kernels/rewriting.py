"""A backward graph with kernels in the place of what they compute faster (docs/decisions/0069-kernels.md).

The graph is written of standard operators, whole and right; what is here makes another one of it. So rules know
nothing of kernels, and where there are none the graph is there as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from inspector.grad.backward import SEED, BackwardGraph, drop_unread_inputs
from inspector.grad.kernels.curves import replace_curves
from inspector.grad.kernels.dense import replace_dense
from inspector.grad.kernels.depthwise import replace_depthwise
from inspector.grad.kernels.domain import KernelWriter, is_kernel
from inspector.grad.kernels.gates import replace_gates
from inspector.grad.kernels.masks import replace_masks
from inspector.grad.pooled import Pooled
from inspector.graph.expose import SWITCHES
from inspector.operators.domains import KERNELS, KERNELS_VERSION


def with_kernels(stock: BackwardGraph) -> BackwardGraph:
    """Return a graph of the same output that runs with kernels, or `stock` where there is nothing for them.

    It is fed what the poolings read instead of their switches. The model of `stock` is changed into it: copying takes
    half as long as writing.
    """
    model = stock.model
    graph = model.graph
    if any(value.dtype != ir.DataType.FLOAT for value in graph.inputs if value.name == SEED):
        return stock
    writer = KernelWriter(graph)
    _replace_poolings(graph, writer, stock.poolings)
    replace_curves(graph, writer)  # before masks, of which HardSwish has one
    replace_gates(graph, writer, spread=stock.spread)
    replace_masks(graph, writer)
    replace_depthwise(graph, writer)
    replace_dense(graph, writer)
    if not writer.written:
        return stock
    graph.opset_imports[KERNELS] = KERNELS_VERSION
    RemoveUnusedNodesPass()(model)  # what was replaced reads what is looked at now
    _rectify_poolings(graph)
    drop_unread_inputs(graph)
    fed = [value.name for value in graph.inputs if value.name and value.name != SEED]
    return replace(
        stock,
        model=model,
        saved=tuple(name for name in fed if not name.endswith(SWITCHES)),
        switches=tuple(name.removesuffix(SWITCHES) for name in fed if name.endswith(SWITCHES)),
    )


def _replace_poolings(graph: ir.Graph, writer: KernelWriter, poolings: Sequence[Pooled]) -> None:
    """Let MaxPoolGrad compute the gradients of max-poolings."""
    values = {value.name: value for value in graph.inputs}
    values |= {value.name: value for node in graph for value in node.outputs}
    for pooled in poolings:
        gy, gx, x = values.get(pooled.gy), values.get(pooled.gx), values.get(pooled.x)
        if gy is None or gx is None or gx.producer() is None:
            continue  # nothing needed it
        if x is None:
            x = values[pooled.x] = ir.val(pooled.x, dtype=ir.DataType.FLOAT, shape=pooled.shape)
            graph.inputs.append(x)
        elif x not in graph.inputs or x.dtype != ir.DataType.FLOAT:
            continue
        writer.replace(
            gx,
            "MaxPoolGrad",
            x,
            gy,
            shape=pooled.shape,
            kernel_shape=pooled.kernel,
            strides=pooled.strides,
            begins=pooled.begins,
            rectified=0,
        )


def _rectify_poolings(graph: ir.Graph) -> None:
    """Let a pooling leave out what the rectifier before it takes away: a maximum of x is what ReluGrad looks at."""
    for node in list(graph):
        pool = (
            node.inputs[0].producer() if is_kernel(node, "ReluGrad") and node.inputs[0] is not None else None
        )
        if pool is None or not is_kernel(pool, "MaxPoolGrad") or pool.inputs[0] is not node.inputs[1]:
            continue
        if len(pool.outputs[0].uses()) == 1:
            pool.attributes["rectified"] = ir.AttrInt64("rectified", 1)
            node.outputs[0].replace_all_uses_with(pool.outputs[0], replace_graph_outputs=True)
            graph.remove(node, safe=True)
