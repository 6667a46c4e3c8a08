"""Between which values a layer's values lie, whatever it is given: clipped, squashed or quantized ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.model.codes import Codes, codes_of
from inspector.model.spec import OnnxModel
from inspector.model.uniform import bound_of, uniform_of
from inspector.operators.domains import is_standard
from inspector.operators.families import DEQUANTIZERS


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The ends of a layer's range: what a value stands at beyond which it would have gone.

    0 is no end: there a rectifier's channels rest, and what is closed by a gate.
    """

    low: float | None = None
    """None where there is no such end; of codes half a step above it."""
    high: float | None = None
    """None where there is no such end; of codes half a step below it."""


def bounds_of(model: OnnxModel) -> Mapping[str, Bounds]:
    """Return the bounds of all layers, by their tensors."""
    wanted = {layer.output for layer in model.layers}
    found = dict.fromkeys(wanted, Bounds())
    for node in model.ir.graph:
        name = node.outputs[0].name if node.outputs else None
        if name not in wanted:
            continue
        codes = model.codes.get(name)
        if codes is not None:
            found[name] = _of_codes(codes, np.dtype(model.dtypes[name]))
        elif is_standard(node) and node.op_type in DEQUANTIZERS:
            found[name] = _dequantized(node, model)
        elif is_standard(node) and node.op_type in _BOUNDS:
            found[name] = _BOUNDS[node.op_type](node)
    return found


def _of_codes(codes: Codes, dtype: np.dtype[Any]) -> Bounds:
    """Return the real values of the first and last code, half a step inside; none where channels differ in them."""
    scales = np.unique(codes.scale)
    zeros = np.unique(codes.zero) if codes.zero is not None else np.zeros(1)
    if dtype.kind not in "iu" or scales.size != 1 or zeros.size != 1:
        return Bounds()
    step, zero, ends = float(scales[0]), float(zeros[0]), np.iinfo(dtype)
    return Bounds(
        low=None if ends.min == zero else (ends.min + 0.5 - zero) * step,
        high=None if ends.max == zero else (ends.max - 0.5 - zero) * step,
    )


def _dequantized(node: Any, model: OnnxModel) -> Bounds:
    given = node.inputs[0]
    codes = None if given is None else codes_of(given)
    dtype = None if given is None else model.dtypes.get(given.name or "")
    return Bounds() if codes is None or dtype is None else _of_codes(codes, np.dtype(dtype))


def _clipped(node: Any) -> Bounds:
    return Bounds(low=bound_of(node, "min", 1) or None, high=bound_of(node, "max", 2) or None)


def _least(node: Any) -> Bounds:
    """Of a Max with constants: Keras writes ReLU6 so."""
    return Bounds(low=max(_numbers(node), default=0.0) or None)


def _most(node: Any) -> Bounds:
    return Bounds(high=min(_numbers(node), default=0.0) or None)


def _numbers(node: Any) -> list[float]:
    """Return those of a node's inputs that are one number everywhere."""
    return [number for value in node.inputs if (number := uniform_of(value)) is not None]


_BOUNDS: Mapping[str, Callable[[Any], Bounds]] = {
    "Clip": _clipped,
    "Max": _least,
    "Min": _most,
    "HardSigmoid": lambda _node: Bounds(high=1.0),
    "Sigmoid": lambda _node: Bounds(high=1.0),
    "Softsign": lambda _node: Bounds(low=-1.0, high=1.0),
    "Tanh": lambda _node: Bounds(low=-1.0, high=1.0),
}
