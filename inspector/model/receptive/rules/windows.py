"""Convolution and pooling: a window that slides over the spatial axes, which come after batch and channels.

Output o reads the inputs o·stride − pad + k·dilation for k = 0..kernel−1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import onnx_ir as ir

from inspector.model.receptive.field import CHANNEL, Field, merge
from inspector.model.receptive.rule import (
    FIRST_SPATIAL,
    Context,
    field_rule,
    only_first,
)
from inspector.model.receptive.track import NOTHING, Indices, Track
from inspector.operators.attributes import (
    flag,
    integers,
    is_given,
    optional_integers,
    text,
)
from inspector.operators.domains import MICROSOFT
from inspector.operators.extents import pooling_extent
from inspector.operators.families import POOLINGS
from inspector.operators.operation import Operation, as_float


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


@field_rule("Conv")
@field_rule("FusedConv", domain=MICROSOFT)
def convolution(
    operation: Operation, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """Conv: channels are mixed."""
    field = only_first(inputs)
    if field is None or flag(operation, "channels_last"):
        return None
    kernel = _kernel(operation, context)
    return _slide(operation, field, kernel, index, context, new_channels=True)


@field_rule(*sorted(POOLINGS))
def pooling(operation: Operation, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """MaxPool, AveragePool, LpPool: channels stay apart."""
    field = inputs[0]
    if field is None or flag(operation, "channels_last"):
        return None
    return _slide(
        operation, field, list(integers(operation, "kernel_shape")), index, context, new_channels=False
    )


@field_rule("ConvTranspose")
def transposed_convolution(
    operation: Operation, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """ConvTranspose: output o reads input (o + pad − k·dilation) / stride where that is whole."""
    field, kernel = only_first(inputs), _kernel(operation, context)
    if field is None or kernel is None or len(field.roles) != FIRST_SPATIAL + len(kernel):
        return None
    result = _transpose(operation, field.collapse([1]), kernel, operation.outputs[index], context)
    return result.with_roles((field.roles[0], CHANNEL, *field.roles[FIRST_SPATIAL:]))


@field_rule("MaxUnpool")
def unpooling(operation: Operation, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Each value goes back to where a MaxPool took it from, so into its window; of other places nothing is known."""
    fields = [field for field in inputs[:2] if field is not None]
    field = merge(fields, len(fields[0].roles))
    made = operation.inputs[1].producer() if operation.inputs[1] is not None else None
    if made is None or made.op_type != "MaxPool" or text(as_float(made), "auto_pad") != "NOTSET":
        return field.spread(range(FIRST_SPATIAL, len(field.roles)))
    kernel = list(integers(made, "kernel_shape"))
    return _transpose(as_float(made), field, kernel, operation.outputs[index], context)


def _transpose(
    operation: Operation, field: Field, kernel: Sequence[int], output: ir.Value, context: Context
) -> Field:
    """Return the field of what writes into windows that the operation's attributes place on the output."""
    result = field
    for position, size in enumerate(kernel):
        axis = FIRST_SPATIAL + position
        role = field.roles[axis]
        if role in field.tracks:
            sliding, units = _sliding(operation, position, size, None, None), context.size(output, axis)
            track = _transposed(operation, field.track(role), sliding, position, units)
            result = result.with_track(role, track)
    return result


def _slide(
    operation: Operation,
    field: Field,
    kernel: list[int] | None,
    index: int,
    context: Context,
    *,
    new_channels: bool,
) -> Field | None:
    if kernel is None or len(field.roles) != FIRST_SPATIAL + len(kernel):
        return None
    result = field.collapse([1]) if new_channels else field
    for position, size in enumerate(kernel):
        axis = FIRST_SPATIAL + position
        role = field.roles[axis]
        if role not in field.tracks:
            continue
        track = field.track(role)
        units = context.size(operation.outputs[index], axis)
        sliding = _sliding(operation, position, size, track.units, units)
        if units is None and track.units is not None:
            units = (track.units + sum(sliding.pads) - sliding.reach - 1) // sliding.stride + 1
        if units is not None and units < 1:
            return None
        result = result.with_track(
            role,
            track.read(
                None if units is None else _taps(sliding, units, track.units or 0),
                step=Fraction(sliding.stride),
                low=Fraction(-sliding.pads[0]),
                high=Fraction(sliding.reach - sliding.pads[0]),
            ),
        )
    channel = CHANNEL if new_channels else field.roles[1]
    return result.with_roles((field.roles[0], channel, *field.roles[FIRST_SPATIAL:]))


def _sliding(
    operation: Operation, position: int, kernel: int, size: int | None, units: int | None
) -> Sliding:
    ones = [1] * (position + 1)
    stride = integers(operation, "strides", ones)[position]
    dilation = integers(operation, "dilations", ones)[position]
    pads = integers(operation, "pads", [])
    half = len(pads) // 2
    explicit = (pads[position], pads[half + position]) if half > position else (0, 0)
    mode = text(operation, "auto_pad")
    reach = (kernel - 1) * dilation
    if operation.op_type in POOLINGS and size is not None:
        begin = pooling_extent(operation, position, kernel=kernel, size=size).begin
        explicit = (begin, explicit[1])
    elif mode.startswith("SAME"):
        explicit = _same_pads(mode, size, units, stride, reach)
    elif mode == "VALID":
        explicit = (0, 0)
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


def _taps(sliding: Sliding, units: int, size: int) -> Iterator[Indices]:
    """Yield what each place of the window reads, of those that any unit finds within an axis of a size."""
    starts = np.arange(units, dtype=np.int64) * sliding.stride - sliding.pads[0]
    last_start = (units - 1) * sliding.stride - sliding.pads[0]
    first = min(max(0, -(last_start // sliding.dilation)), sliding.kernel - 1)
    last = min((size - 1 + sliding.pads[0]) // sliding.dilation, sliding.kernel - 1)
    for tap in range(first, max(first, last) + 1):
        yield starts + tap * sliding.dilation


def _transposed(
    operation: Operation, track: Track, sliding: Sliding, position: int, units: int | None
) -> Track:
    pad = _transposed_pad(operation, track, sliding, position, units)
    stride = Fraction(sliding.stride)
    taps = None if units is None else _transposed_taps(sliding, pad, units)
    if taps is None and track.units is not None:
        return track.spread()
    return track.read(taps, step=1 / stride, low=(pad - sliding.reach) / stride, high=pad / stride)


def _transposed_pad(
    operation: Operation, track: Track, sliding: Sliding, position: int, units: int | None
) -> int:
    """With `output_shape` or SAME the padding at the start follows from the output's size (ONNX, ConvTranspose)."""
    mode = text(operation, "auto_pad")
    sized = is_given(operation, "output_shape") or mode.startswith("SAME")
    if not sized or units is None or track.units is None:
        return sliding.pads[0] if not sized else 0
    extra = integers(operation, "output_padding", [0] * (position + 1))[position]
    total = max(sliding.stride * (track.units - 1) + extra + sliding.reach + 1 - units, 0)
    return total // 2 if mode == "SAME_UPPER" else total - total // 2


def _transposed_taps(sliding: Sliding, pad: int, units: int) -> Iterator[Indices]:
    places = np.arange(units, dtype=np.int64) + pad
    for tap in range(max(1, min(sliding.kernel, (units - 1 + pad) // sliding.dilation + 1))):
        shifted = places - tap * sliding.dilation
        yield np.where(shifted % sliding.stride == 0, shifted // sliding.stride, NOTHING)


def _kernel(operation: Operation, context: Context) -> list[int] | None:
    """Return the kernel's sizes: given, or those of the filters."""
    given = optional_integers(operation, "kernel_shape")
    shape = context.shape(operation.inputs[1])
    if given is not None or shape is None:
        return None if given is None else list(given)
    sizes = [size for size in shape[FIRST_SPATIAL:] if isinstance(size, int)]
    return sizes if len(sizes) == len(shape) - FIRST_SPATIAL else None
