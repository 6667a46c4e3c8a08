"""The filters of convolutions, as they weigh what they read; of quantized ones the real values of their codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.dependence import dependents
from inspector.model.spec import OnnxModel
from inspector.model.weights import real_values, stamped_filters
from inspector.operators.attributes import integer, integers
from inspector.operators.domains import is_standard, key_of
from inspector.operators.families import (
    CASTS,
    CONVOLUTIONS,
    DEQUANTIZERS,
    IDENTITIES,
    QUANTIZERS,
)
from inspector.operators.twins import TWINS, float_operator
from inspector.types.arrays import Array
from inspector.types.layers import Layer

_OF_PIXELS = (
    IDENTITIES
    | CASTS
    | QUANTIZERS
    | DEQUANTIZERS
    | {"Add", "BatchNormalization", "Div", "ImageScaler", "Mul", "Pad", "Sub", "Transpose"}
)
"""Operators that leave an image an image: they stretch its values, channel by channel, or move its axes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernels:
    """The filters of one convolution."""

    layer: Layer
    weights: Array
    """float64 (filters, channels of their group, *window)."""
    reads: str
    """The tensor that they are laid over; where that holds codes, the one that was quantized."""
    of_pixels: bool
    """Whether that is the image, up to its values' scale."""
    groups: int
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    is_transposed: bool = False
    """Whether it enlarges by its strides."""
    are_codes: bool = False
    """Whether the weights' scale is not known to the operator: then they are whole numbers."""


def kernels_of(model: OnnxModel) -> tuple[Kernels, ...]:
    """Return the convolutions whose filters are constant, in graph order."""
    return tuple(kernels_in(model))


def kernels_in(model: OnnxModel) -> Iterator[Kernels]:
    """Yield the convolutions whose filters are constant, in graph order: of a large model one by one fits."""
    for node in dependents(model.ir.graph, model.input.name):
        if float_operator(node) not in CONVOLUTIONS or not (is_standard(node) or key_of(node) in TWINS):
            continue
        layer, real = _layer(model, node.outputs[0]), real_values(node, 1)
        if layer is None or real is None or real[0].ndim < 3 or not real[0].size:
            continue
        weights, are_codes = real[0].astype(np.float64), real[1]
        groups, is_transposed = integer(node, "group", 1), float_operator(node) == "ConvTranspose"
        ones = (1,) * (weights.ndim - 2)
        data = node.inputs[0]
        yield Kernels(
            layer=layer,
            weights=stamped_filters(weights, groups) if is_transposed else weights,
            reads=_before_codes(data),
            of_pixels=_is_of_pixels(data, model.input.name),
            groups=groups,
            strides=integers(node, "strides", ones) or ones,
            dilations=integers(node, "dilations", ones) or ones,
            is_transposed=is_transposed,
            are_codes=are_codes,
        )


def _layer(model: OnnxModel, value: ir.Value) -> Layer | None:
    """Return the layer of a convolution; of one that gives whole numbers, the one that makes real values of them."""
    own = model.layer_giving(value.name or "")
    if own is not None:
        return own
    found = None
    while found is None or value.producer().op_type in CASTS:  # type: ignore[union-attr]  # a node gives it
        uses = list(value.uses())
        if len(uses) != 1 or uses[0].node.op_type not in CASTS | {"Mul"}:
            break
        value = uses[0].node.outputs[0]
        found = model.layer_giving(value.name or "") or found
    return found


def _before_codes(value: ir.Value | None) -> str:
    """Return the name of a tensor, or of the one whose values it holds in another type."""
    while value is not None:
        node = value.producer()
        if node is None or node.op_type not in IDENTITIES | CASTS | QUANTIZERS | DEQUANTIZERS:
            return value.name or ""
        value = node.inputs[0]
    return ""


def _is_of_pixels(value: ir.Value | None, image: str) -> bool:
    """Return whether a tensor is the image, but for the scale of its values and the order of its axes."""
    while value is not None and value.name != image:
        node = value.producer()
        if node is None or node.op_type not in _OF_PIXELS:
            return False
        moving = [one for one in node.inputs if one is not None and constant_value(one) is None]
        if len(moving) != 1:
            return False
        value = moving[0]
    return value is not None
