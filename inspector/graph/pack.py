"""Pack a graph for a session: the nodes as bytes, the weights beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from inspector.operators.families import DEQUANTIZERS, LINEAR, REARRANGERS
from inspector.operators.twins import float_operator

_INLINE_BYTES = 1024
"""Smaller tensors stay in the graph: shapes and axes are read while it is loaded."""

_SHAREABLE = frozenset(
    {
        ir.DataType.FLOAT,
        ir.DataType.DOUBLE,
        ir.DataType.FLOAT16,
        ir.DataType.INT8,
        ir.DataType.UINT8,
        ir.DataType.INT32,
        ir.DataType.INT64,
    }
)
"""Types that NumPy and ONNX Runtime both hold as they are."""

_WEIGHTED = LINEAR | {"DeformConv", "Einsum", "FusedConv", "FusedGemm", "FusedMatMul", "Gather"}
"""Operators whose weights can lie beside the graph.

ONNX Runtime moves transpositions past elementwise operators and then transposes their constants in place; one that is
shared with other sessions stays as it was, and the result is wrong without a word.
"""

_PASSIVE = REARRANGERS | DEQUANTIZERS | {"Cast"}
"""Operators that hand a weight on."""


@dataclass(frozen=True)
class PackedGraph:
    """A serialized ModelProto that names its large weights as external, and those weights."""

    graph: bytes
    weights: Mapping[str, np.ndarray[Any, np.dtype[Any]]]
    nodes: int = 0
    """How many it has."""
    widest: int = 0
    """How many nodes read the tensor that most read, of those that are computed."""


def pack(model: ir.Model) -> PackedGraph:
    """Return the packed form of `model`, which stays as it is.

    Weights of dense layers keep their memory (or their mapping of the file), so all sessions of a model share one copy.
    """
    return pack_own(model.clone())


def pack_own(copy: ir.Model) -> PackedGraph:
    """Return the packed form of a model that nobody else has, and that is of no use afterwards: nothing is copied."""
    weights: dict[str, np.ndarray[Any, np.dtype[Any]]] = {}
    for name, value in copy.graph.initializers.items():
        tensor = value.const_value
        if tensor is None or tensor.nbytes < _INLINE_BYTES or tensor.dtype not in _SHAREABLE:
            continue
        if not _is_dense(value):
            continue
        weights[name] = np.asarray(tensor.numpy(), order="C")
        value.const_value = ir.ExternalTensor(
            location="weights",
            offset=0,
            length=tensor.nbytes,
            dtype=tensor.dtype,
            shape=ir.Shape(weights[name].shape),
            name=name,
        )
    widest = max((len(value.uses()) for node in copy.graph for value in node.outputs), default=0)
    return PackedGraph(ir.to_proto(copy).SerializeToString(), weights, len(copy.graph), widest)


def _is_dense(value: ir.Value) -> bool:
    """Return whether only dense layers read a tensor, as it is or in another form."""
    met, pending = {value}, [value]
    while pending:
        for node in pending.pop().consumers():
            if float_operator(node) in _WEIGHTED:
                continue
            if node.op_type not in _PASSIVE:
                return False
            if node.outputs[0] not in met:
                met.add(node.outputs[0])
                pending.append(node.outputs[0])
    return True
