"""Convolution and pooling: a window that slides over the spatial axes, which come after batch and channels.

Output o reads the inputs o·stride − pad + k·dilation for k = 0..kernel−1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np
import onnx_ir as ir

from inspector.model.receptive.field import CHANNEL, COLUMN, ROW, Field
from inspector.model.receptive.rules.context import Context, Rule, integer, integers, text
from inspector.model.receptive.track import NOTHING, Indices, Track

FIRST_SPATIAL = 2


@dataclass(frozen=True, kw_only=True)
class Sliding:
    """A sliding window along one axis."""

    kernel: int
    stride: int
    dilation: int
    pads: tuple[int, int]

    @property
    def reach(self) -> int:
        """The distance from the first input read to the last."""
        return (self.kernel - 1) * self.dilation


def convolution(
    weights_at: int, node: ir.Node, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """Conv, QLinearConv, ConvInteger: channels are mixed, the weights stand at input `weights_at`."""
    field = inputs[0]
    if field is None or any(other is not None for other in inputs[1:]) or integer(node, "channels_last", 0):
        return None
    shape = context.shape(node.inputs[weights_at])
    kernel = integers(node, "kernel_shape") or _spatial_sizes(shape)
    return _slide(node, field, kernel, index, context, new_channels=True)


def pooling(node: ir.Node, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """MaxPool, AveragePool, LpPool: channels stay apart."""
    field = inputs[0]
    if field is None or integer(node, "channels_last", 0):
        return None
    return _slide(node, field, integers(node, "kernel_shape"), index, context, new_channels=False)


def transposed_convolution(
    node: ir.Node, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """ConvTranspose: output o reads input (o + pad − k·dilation) / stride where that is whole."""
    field = inputs[0]
    if field is None or any(other is not None for other in inputs[1:]):
        return None
    kernel = integers(node, "kernel_shape") or _spatial_sizes(context.shape(node.inputs[1]))
    if kernel is None or len(field.roles) != FIRST_SPATIAL + len(kernel):
        return None
    result = field.collapse([1])
    for position, size in enumerate(kernel):
        axis = FIRST_SPATIAL + position
        role = field.roles[axis]
        if role not in (ROW, COLUMN):
            continue
        sliding = _sliding(node, position, size, None, None)
        if sliding is None:
            return None
        track = field.track(role)
        result = result.with_track(
            role, _transposed(node, track, sliding, position, context.size(node.outputs[index], axis))
        )
    return result.with_roles((field.roles[0], CHANNEL, *field.roles[FIRST_SPATIAL:]))


def _slide(
    node: ir.Node, field: Field, kernel: list[int] | None, index: int, context: Context, *, new_channels: bool
) -> Field | None:
    if kernel is None or len(field.roles) != FIRST_SPATIAL + len(kernel):
        return None
    result = field.collapse([1]) if new_channels else field
    for position, size in enumerate(kernel):
        axis = FIRST_SPATIAL + position
        role = field.roles[axis]
        if role not in (ROW, COLUMN):
            continue
        track = field.track(role)
        units = context.size(node.outputs[index], axis)
        sliding = _sliding(node, position, size, track.units, units)
        if sliding is None:
            return None
        if units is None and track.units is not None:
            units = (track.units + sum(sliding.pads) - sliding.reach - 1) // sliding.stride + 1
        result = result.with_track(
            role,
            track.read(
                None if units is None else _taps(sliding, units),
                step=Fraction(sliding.stride),
                low=Fraction(-sliding.pads[0]),
                high=Fraction(sliding.reach - sliding.pads[0]),
            ),
        )
    channel = CHANNEL if new_channels else field.roles[1]
    return result.with_roles((field.roles[0], channel, *field.roles[FIRST_SPATIAL:]))


def _sliding(
    node: ir.Node, position: int, kernel: int, size: int | None, units: int | None
) -> Sliding | None:
    rank = max(len(integers(node, "kernel_shape") or ()), position + 1)
    stride = (integers(node, "strides") or [1] * rank)[position]
    dilation = (integers(node, "dilations") or [1] * rank)[position]
    pads = integers(node, "pads") or []
    half = len(pads) // 2
    explicit = (pads[position], pads[half + position]) if half > position else (0, 0)
    mode = text(node, "auto_pad", "NOTSET")
    reach = (kernel - 1) * dilation
    if mode.startswith("SAME"):
        explicit = _same_pads(mode, size, units, stride, reach)
    elif mode == "VALID":
        explicit = (0, 0)
    if stride < 1 or kernel < 1 or dilation < 1:
        return None
    return Sliding(kernel=kernel, stride=stride, dilation=dilation, pads=explicit)


def _same_pads(mode: str, size: int | None, units: int | None, stride: int, reach: int) -> tuple[int, int]:
    """SAME: ceil(size / stride) outputs; the odd pixel of padding goes to the end (UPPER) or the start
    (LOWER).

    For a free size, one that the stride divides is taken.
    """
    if size is None:
        total = max(reach + 1 - stride, 0)
    else:
        outputs = units if units is not None else -(-size // stride)
        total = max((outputs - 1) * stride + reach + 1 - size, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if mode == "SAME_UPPER" else (more, less)


def _taps(sliding: Sliding, units: int) -> Iterator[Indices]:
    starts = np.arange(units, dtype=np.int64) * sliding.stride - sliding.pads[0]
    for tap in range(sliding.kernel):
        yield starts + tap * sliding.dilation


def _transposed(node: ir.Node, track: Track, sliding: Sliding, position: int, units: int | None) -> Track:
    pad = _transposed_pad(node, track, sliding, position, units)
    stride = Fraction(sliding.stride)
    taps = None if units is None else _transposed_taps(sliding, pad, units)
    if taps is None and track.units is not None:
        return track.spread()
    return track.read(taps, step=1 / stride, low=(pad - sliding.reach) / stride, high=pad / stride)


def _transposed_pad(node: ir.Node, track: Track, sliding: Sliding, position: int, units: int | None) -> int:
    """With `output_shape` or SAME the padding at the start follows from the output's size (ONNX, ConvTranspose)."""
    mode = text(node, "auto_pad", "NOTSET")
    sized = integers(node, "output_shape") is not None or mode.startswith("SAME")
    if not sized or units is None or track.units is None:
        return sliding.pads[0] if not sized else 0
    extra = (integers(node, "output_padding") or [0] * (position + 1))[position]
    total = max(sliding.stride * (track.units - 1) + extra + sliding.reach + 1 - units, 0)
    return total // 2 if mode == "SAME_UPPER" else total - total // 2


def _transposed_taps(sliding: Sliding, pad: int, units: int) -> Iterator[Indices]:
    places = np.arange(units, dtype=np.int64) + pad
    for tap in range(sliding.kernel):
        shifted = places - tap * sliding.dilation
        yield np.where(shifted % sliding.stride == 0, shifted // sliding.stride, NOTHING)


def _spatial_sizes(shape: tuple[int | str | None, ...] | None) -> list[int] | None:
    if shape is None:
        return None
    sizes = [size for size in shape[FIRST_SPATIAL:] if isinstance(size, int)]
    return sizes if len(sizes) == len(shape) - FIRST_SPATIAL else None


WINDOW_RULES: dict[str, Rule] = {
    "Conv": partial(convolution, 1),
    "FusedConv": partial(convolution, 1),
    "ConvInteger": partial(convolution, 1),
    "QLinearConv": partial(convolution, 3),
    "ConvTranspose": transposed_convolution,
    "MaxPool": pooling,
    "AveragePool": pooling,
    "LpPool": pooling,
    "QLinearAveragePool": pooling,
}
