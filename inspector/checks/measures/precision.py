"""How exactly a model computes, which says how near its answers can be expected to come to others."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from inspector.checks.examination import Examination
from inspector.engine.engine import Engine
from inspector.model.dependence import dependents, reads
from inspector.model.spec import OnnxModel
from inspector.operators.domains import key_of
from inspector.operators.families import CASTS, DEQUANTIZERS, QUANTIZERS
from inspector.operators.nodes import Node
from inspector.operators.twins import TWINS


class Precision(Enum):
    """What most of the rounding comes from, the least of it first."""

    SINGLE = "float32"
    HALF = "float16"
    QUANTIZED = "quantized"


def precision(examination: Examination) -> Precision:
    """Return how exactly the model computes."""
    return precision_of(examination.run.engine)


def precision_of(engine: Engine) -> Precision:
    """Return how exactly the model of an engine computes: on codes, where it does so anywhere."""
    model = engine.model
    if (
        engine.traits.has_qdq
        or model.codes
        or any(key_of(one) in TWINS for one in model.ir.graph.all_nodes())
    ):
        return Precision.QUANTIZED
    return Precision.HALF if has_half(model) else Precision.SINGLE


def precisions_of(model: OnnxModel) -> Mapping[str, Precision]:
    """Return how exact tensors that depend on the image can be, by their names: as the coarsest that they come from."""
    found = {model.input.name: _of_type(model, model.input.name)}
    for node in dependents(model.ir.graph, model.input.name):
        reached = [found[value.name] for value in reads(node) if value is not None and value.name in found]
        for value in node.outputs:
            if value.name:
                found[value.name] = max(
                    (*reached, precision_at(model, node), _of_type(model, value.name)), key=_ORDER.index
                )
    return found


def precision_at(model: OnnxModel, node: Node) -> Precision:
    """Return how exactly a node computes: on codes, or what stood in codes, on floats of 16 bits, or on floats."""
    if node.op_type in QUANTIZERS | DEQUANTIZERS or key_of(node) in TWINS:
        return Precision.QUANTIZED
    makers = [None if value is None else value.producer() for value in node.inputs]
    if any(maker is not None and maker.op_type in DEQUANTIZERS for maker in makers):
        return Precision.QUANTIZED
    halves = [value.name for value in node.inputs if value is not None and value.name]
    if node.op_type not in CASTS and any(_of_type(model, name) is Precision.HALF for name in halves):
        return Precision.HALF
    return Precision.SINGLE


def _of_type(model: OnnxModel, tensor: str) -> Precision:
    if tensor in model.codes:
        return Precision.QUANTIZED
    return Precision.HALF if model.dtypes.get(tensor) in HALVES else Precision.SINGLE


_ORDER = list(Precision)
HALVES = ("float16", "bfloat16")


def has_half(model: OnnxModel) -> bool:
    """Return whether layers give floats of 16 bits."""
    return any(layer.dtype in HALVES for layer in model.layers)


def coarser(one: Precision, other: Precision) -> Precision:
    """Return the less exact of both."""
    return max(one, other, key=_ORDER.index)
