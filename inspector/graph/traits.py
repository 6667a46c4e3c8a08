"""Traits of a graph that decide how it must be run."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a look at the operators tells."""

    has_qdq: bool
    """QuantizeLinear or DequantizeLinear pairs: extended optimisation may change answers."""
    depends_on_batch: bool
    """Dynamic quantisation takes its ranges over the whole batch, so an image's answer depends on its company."""


def find_traits(model: ir.Model) -> Traits:
    """Return the traits of a model."""
    operators = {node.op_type for node in model.graph.all_nodes()}
    return Traits(
        has_qdq=bool(operators & {"QuantizeLinear", "DequantizeLinear"}),
        depends_on_batch="DynamicQuantizeLinear" in operators,
    )
