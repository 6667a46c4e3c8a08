"""The rectifiers of a model, as its layers: what the deconvnet and guided policies treat as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.grad.policies.rectifiers import Rectifier, find_rectifiers
from inspector.model.const import constant_value
from inspector.model.spec import OnnxModel
from inspector.operators.attributes import number
from inspector.operators.domains import is_standard
from inspector.operators.families import CASTS, DEQUANTIZERS, IDENTITIES, POOLINGS, QUANTIZERS, RECTIFIERS
from inspector.types.arrays import Array
from inspector.types.layers import FoundRectifier

_ARITHMETIC = frozenset({"Add", "Div", "Mul", "Sub"})
_PASSED = (
    IDENTITIES
    | CASTS
    | QUANTIZERS
    | DEQUANTIZERS
    | POOLINGS
    | _ARITHMETIC
    | {"BatchNormalization", "Transpose"}
)
"""What may stand between a layer and its rectifier: every channel stays by itself."""


def rectifiers(model: OnnxModel) -> tuple[FoundRectifier, ...]:
    """Return the rectifiers of a model in graph order."""
    names = {layer.output: layer.name for layer in model.layers}
    found = []
    for last, rectifier in find_rectifiers(model.ir.graph).items():
        inside = {value.name for node in rectifier.nodes for value in node.outputs}
        layer = names.get(last.outputs[0].name or "")
        if layer is not None:
            parts = tuple(name for output, name in names.items() if output in inside)
            found.append(FoundRectifier(name=rectifier.name, layer=layer, layers=parts))
    return tuple(found)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rectified:
    """What a layer's channels become before anything mixes them."""

    name: str
    """The rectifier's function: "Relu", "Swish"; the operator itself where it cuts off by saturation."""
    tensor: str
    """The rectifier's result."""
    gain: Array | None = None
    """float64 (channels,): by what normalization and multiplication with constants change each channel on the way."""


def rectified(model: OnnxModel, tensors: Iterable[str]) -> dict[str, Rectified]:
    """Return, by layers' tensors, the rectifiers that their channels go through one by one.

    Those are left out whose channels are mixed before, or meet none. Sums with other layers' channels (the end of a
    residual block) mix: what is rectified there is not the layer's own.
    """
    found = find_rectifiers(model.ir.graph)
    inputs = {one.input: one for one in reversed(found.values())}
    wanted = set(tensors)
    results: dict[str, Rectified] = {}
    for node in model.ir.graph:
        name = node.outputs[0].name or ""
        if name not in wanted:
            continue
        if node in found:
            results[name] = Rectified(name=found[node].name, tensor=name)
        elif (result := _followed(node.outputs[0], inputs)) is not None:
            results[name] = result
    return results


def ends_of_channels(model: OnnxModel, tensors: Iterable[str]) -> dict[str, str]:
    """Return, by layers' tensors, the last layer's tensor in which each of their channels is still by itself.

    Behind them come rectifiers, normalizations, sums and products with constants, and codes; not what pools or mixes.
    """
    wanted = set(tensors)
    found = {}
    for node in model.ir.graph:
        value = node.outputs[0]
        if value.name not in wanted:
            continue
        own = end = value.name
        while (after := _by_itself(value)) is not None:
            value = after
            end = value.name if model.layer_giving(value.name or "") is not None else end
        found[own or ""] = end or ""
    return found


def _by_itself(value: Any) -> Any:
    """Return what the only node that reads a tensor makes of each of its elements by itself; None where it does not."""
    uses = list(value.uses())
    if len(uses) != 1 or value.is_graph_output() or not is_standard(uses[0].node):
        return None
    node, place = uses[0].node, uses[0].idx
    if node.op_type in _ARITHMETIC:
        is_single = constant_value(node.inputs[1 - place]) is not None
        return node.outputs[0] if is_single and not (place and node.op_type in ("Div", "Sub")) else None
    return node.outputs[0] if not place and node.op_type in _ELEMENTWISE else None


_ELEMENTWISE = RECTIFIERS | IDENTITIES | CASTS | QUANTIZERS | DEQUANTIZERS | {"BatchNormalization"}


def _followed(value: Any, inputs: Mapping[Any, Rectifier]) -> Rectified | None:
    """Return the rectifier after a tensor, with nothing before it but what keeps every channel by itself."""
    gain: Array | None = None
    while value not in inputs:
        uses = list(value.uses())
        if len(uses) != 1 or not is_standard(uses[0].node) or uses[0].node.op_type not in _PASSED:
            return None
        node, place = uses[0].node, uses[0].idx
        if node.op_type in _ARITHMETIC:
            other = constant_value(node.inputs[1 - place])
            if other is None or (place and node.op_type in ("Div", "Sub")):
                return None
            gain = _times(gain, _factor(node.op_type, other))
        elif place:
            return None
        elif node.op_type == "BatchNormalization":
            gain = _times(gain, _normalizing(node))
        value = node.outputs[0]
    return Rectified(name=inputs[value].name, tensor=inputs[value].last.outputs[0].name or "", gain=gain)


def _factor(op_type: str, other: Array) -> Array | None:
    """Return by what a channel's values are multiplied where an operand is constant."""
    values = other.astype(np.float64).reshape(-1)
    if op_type == "Mul":
        return values
    return 1 / np.where(values == 0, np.inf, values) if op_type == "Div" else None


def _normalizing(node: Any) -> Array | None:
    """Return by what BatchNormalization multiplies each channel: γ / √(σ² + ε); None where it is not constant."""
    scale, variance = constant_value(node.inputs[1]), constant_value(node.inputs[4])
    if scale is None or variance is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):  # a broken variance gives what it gives when it runs
        return scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + number(node, "epsilon"))


def _times(gain: Array | None, factor: Array | None) -> Array | None:
    return factor if gain is None else gain if factor is None else gain * factor
