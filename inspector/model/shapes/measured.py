"""Operators whose output sizes ONNX infers otherwise than ONNX Runtime computes them: their shapes are ours.

For inference such nodes stand in a domain that ONNX does not know, so that it says nothing of them; once the shape of
their input is known, they give way to an input of the graph with the shape that the runtime makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnx
import onnx_ir as ir

from inspector.model.contradictions import CONTRADICTIONS
from inspector.operators.attributes import flag, integer, is_given, numbers, optional_integers
from inspector.operators.domains import STANDARD
from inspector.operators.extents import pooling_extent, transposed_extent
from inspector.operators.families import POOLINGS, RESIZERS
from inspector.operators.interpolation import stretches
from inspector.types.arrays import Array
from inspector.types.layers import Shape

MEASURED_DOMAIN = "inspector.measured"

_BATCH_AND_CHANNELS = 2
_SCALES_AMONG_THREE = 11
"""Since when the scales of a Resize are its third input."""


def is_measured(node: onnx.NodeProto) -> bool:
    """Return whether ONNX's inference and the runtime can differ about a node of the standard domain."""
    said = {attribute.name: attribute for attribute in node.attribute}
    same = "auto_pad" in said and said["auto_pad"].s.startswith(b"SAME")
    if node.op_type in POOLINGS:
        return same or ("ceil_mode" in said and said["ceil_mode"].i != 0)
    if node.op_type == "ConvTranspose":
        return same or "output_shape" in said
    return node.op_type in RESIZERS or node.op_type == "STFT"


def measured_outputs(
    node: onnx.NodeProto,
    *,
    shapes: Mapping[str, Shape],
    dtypes: Mapping[str, str],
    values: Mapping[str, Array],
    opset: int,
) -> dict[str, tuple[Shape, str]] | None:
    """Return shape and dtype of the outputs; None where they are not known, or the node contradicts itself."""
    shape, dtype = shapes.get(node.input[0]), dtypes.get(node.input[0])
    if shape is None or dtype is None:
        return None
    said = _Said(
        op_type=node.op_type,
        attributes={one.name: ir.serde.deserialize_attribute(one) for one in node.attribute},
        values=[values.get(name) if name else None for name in node.input],
        shapes=[shapes.get(name) for name in node.input],
        opset=opset,
    )
    try:
        made = _RULES[node.op_type](said, shape)
    except CONTRADICTIONS:
        return None
    if made is None:
        return None
    kinds = (dtype, "int64")  # a MaxPool says where the maxima were, too
    return {name: (made, kind) for name, kind in zip(node.output, kinds, strict=False) if name}


@dataclass(frozen=True, kw_only=True)
class _Said:
    """A node's operator and attributes, without its graph, and what is known of its inputs."""

    op_type: str
    attributes: Mapping[str, ir.Attr]
    values: Sequence[Array | None]
    shapes: Sequence[Shape | None]
    opset: int
    domain: str = STANDARD


Rule = Callable[[_Said, Shape], Shape | None]
"""Takes a node and the shape of its first input."""


def _pooling(node: _Said, shape: Shape) -> Shape | None:
    kernel = optional_integers(node, "kernel_shape") or ()
    if len(shape) != _BATCH_AND_CHANNELS + len(kernel):
        return None
    space = [
        pooling_extent(node, position, kernel=wide, size=size).places if isinstance(size, int) else None
        for position, (wide, size) in enumerate(zip(kernel, shape[_BATCH_AND_CHANNELS:], strict=True))
    ]
    return (*shape[:_BATCH_AND_CHANNELS], *space)


def _transposed(node: _Said, shape: Shape) -> Shape | None:
    filters = node.shapes[1] if len(node.shapes) > 1 else None
    if filters is None or len(filters) != len(shape) or not isinstance(filters[1], int):
        return None
    kernel = optional_integers(node, "kernel_shape") or filters[_BATCH_AND_CHANNELS:]
    axes = len(kernel)
    space = [
        transposed_extent(node, position, axes=axes, kernel=wide, size=size).places
        if isinstance(wide, int) and isinstance(size, int)
        else None
        for position, (wide, size) in enumerate(zip(kernel, shape[_BATCH_AND_CHANNELS:], strict=True))
    ]
    return (shape[0], filters[1] * integer(node, "group"), *space)


def _resampled(node: _Said, shape: Shape) -> Shape | None:
    scales_at = 2 if node.op_type == "Resize" and node.opset >= _SCALES_AMONG_THREE else 1
    scales = numbers(node, "scales") if is_given(node, "scales") else _vector(node, scales_at)
    known = [size if isinstance(size, int) else None for size in shape]
    found = stretches(node, known, scales=scales, sizes=_vector(node, scales_at + 1))
    return tuple(found[axis].size if axis in found else size for axis, size in enumerate(shape))


def _spectra(node: _Said, shape: Shape) -> Shape | None:
    """Return (batch, frames, bins, 2) of an STFT, of which ONNX says nothing while the signal's length is free."""
    step, length = _vector(node, 1), _vector(node, 3)
    window = node.shapes[2] if len(node.shapes) > 2 else None
    frame = length[0] if length else window[0] if window else None
    if not isinstance(frame, int) or len(shape) < 2:
        return None
    size = shape[1]
    frames = (size - frame) // step[0] + 1 if step and isinstance(size, int) else None
    return (shape[0], frames, frame // 2 + 1 if flag(node, "onesided") else frame, 2)


def _vector(node: _Said, position: int) -> list[Any] | None:
    value = node.values[position] if position < len(node.values) else None
    return None if value is None or not value.size else list(value.reshape(-1).tolist())


_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(POOLINGS, _pooling),
    "ConvTranspose": _transposed,
    **dict.fromkeys(RESIZERS, _resampled),
    "STFT": _spectra,
}
