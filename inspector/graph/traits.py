"""Traits of a graph that decide how it must be run."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from inspector.operators.families import DEQUANTIZERS


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a look at the operators tells."""

    has_qdq: bool
    """QuantizeLinear or DequantizeLinear pairs: extended optimization may change answers."""


def find_traits(model: ir.Model) -> Traits:
    """Return the traits of a model."""
    functions = (node for function in model.functions.values() for node in function.all_nodes())
    operators = {node.op_type for node in (*model.graph.all_nodes(), *functions)}
    return Traits(
        has_qdq=bool(operators & ({"QuantizeLinear"} | DEQUANTIZERS)),
    )
