"""Where a model leaves floats of 32 bits for something coarser, and how much of it computes so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inspector.checks.measures.precision import HALVES, Precision, precision_at
from inspector.model.dependence import dependents, reads
from inspector.model.spec import OnnxModel
from inspector.operators.domains import key_of
from inspector.operators.families import DEQUANTIZERS, LINEAR, QUANTIZERS
from inspector.operators.nodes import name_of
from inspector.operators.operation import as_float
from inspector.operators.twins import TWINS


@dataclass(frozen=True, kw_only=True)
class Islands:
    """Places of coarse numbers among floats of 32 bits."""

    places: tuple[tuple[str, str, str], ...]
    """Each begins at a node: its name, its operator, and what its numbers are then."""
    coarse: int
    """How many layers with weights compute coarsely."""
    weighted: int
    """How many layers with weights there are."""


def islands(model: OnnxModel) -> Islands:
    """Return where a model's numbers become coarse; what its input or its outputs are given as is none of it."""
    image, outputs = model.input.name, {output.name for output in model.outputs}
    coarse_tensors = {image} if model.dtypes.get(image) != "float32" else set[str]()
    places, weighted, coarse = [], 0, 0
    for node in dependents(model.ir.graph, image):
        names = [value.name for value in node.outputs if value.name]
        reached = any(value is not None and value.name in coarse_tensors for value in reads(node))
        gives = _given(model, node)
        if gives or node.op_type in DEQUANTIZERS:
            coarse_tensors.update(names)
        if as_float(node).op_type in LINEAR:
            weighted += 1
            coarse += precision_at(model, node) is not Precision.SINGLE
        if gives and not reached and outputs.isdisjoint(names):
            places.append((name_of(node), node.op_type, gives))
    return Islands(places=tuple(places), coarse=coarse, weighted=weighted)


def _given(model: OnnxModel, node: Any) -> str:
    """Return what a node gives that is coarser than floats of 32 bits; empty for what is not."""
    types = [model.dtypes.get(value.name) for value in node.outputs]
    half = next((one for one in types if one in HALVES), None)
    if half is not None:
        return half
    if node.op_type in QUANTIZERS or key_of(node) in TWINS:
        return "codes"
    is_of_codes = node.op_type in LINEAR and precision_at(model, node) is Precision.QUANTIZED
    return "weights in codes" if is_of_codes else ""
