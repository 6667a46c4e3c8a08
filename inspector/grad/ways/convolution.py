"""The gradient of a convolution's input: which way to write it (docs/benchmarks/backward.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from inspector.grad.writing.window import Window

_FEW_CHANNELS = 12
"""Below this many input channels ConvTranspose beats a flipped convolution, for 3 of them 2 to 5 times."""

_MOST_SCRATCH = 128 << 20
"""Bytes of an image that ConvTranspose may take for itself: all places times all weights of a filter, before it sums
them up. 9×9 to 3 channels at 800×800 are 622 MB, where the flipped convolution takes nothing, and 170 ms longer."""

_MOST_STUFFING = 4
"""Up to so many elements in the place of one, zeros between those of a depthwise layer's signal pay."""


class Way(Enum):
    """How the gradient is written; all but TRANSPOSED for constant filters."""

    FLIPPED = "Conv, filters flipped"
    """Blocked kernels on every core; strides must be 1."""
    TRANSPOSED = "ConvTranspose"
    PROJECTED = "Conv, then ConvTranspose of ones"
    """For kernels of one element with a stride: the product at the small size, its result spread."""
    STUFFED = "Resize × mask, then Conv"
    """Zeros between the elements, then as FLIPPED: for depthwise layers, whose ConvTranspose takes one core."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What is known of a convolution: its window, groups, input channels, and spatial sizes before and after."""

    window: Window
    group: int
    channels: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel has filters of its own."""
        return self.group > 1 and self.group == self.channels

    @property
    def scratch(self) -> int:
        """Bytes of an image that ConvTranspose takes beside what comes out."""
        return 4 * self.channels * math.prod(self.window.kernel) * math.prod(self.outputs)

    @property
    def flipped_pads(self) -> tuple[int, ...]:
        """Pads of the convolution by flipped filters of the signal with zeros after each of its elements: begins, ends.

        With unit strides, those of the signal as it is.
        """
        n, window = len(self.inputs), self.window
        begins = [e - 1 - p for e, p in zip(window.extents, window.pads[:n], strict=True)]
        stuffed = [o * s for o, s in zip(self.outputs, window.strides, strict=True)]
        spans = zip(self.inputs, stuffed, begins, window.extents, strict=True)
        return (*begins, *(i - (size + begin - e + 1) for i, size, begin, e in spans))

    @property
    def lost(self) -> tuple[int, ...]:
        """What strides rounded away of each spatial size: it comes back as output padding."""
        n, window = len(self.inputs), self.window
        begins, ends = window.pads[:n], window.pads[n:]
        spans = zip(self.inputs, self.outputs, window.strides, window.extents, begins, ends, strict=True)
        return tuple(i - ((o - 1) * s + e - begin - end) for i, o, s, e, begin, end in spans)


def ways(layer: Layer) -> tuple[Way, ...]:
    """Return the ways that a layer with constant filters can take."""
    unit_stride = all(s == 1 for s in layer.window.strides)
    found = [Way.TRANSPOSED]
    if min(layer.flipped_pads) >= 0:
        if unit_stride:
            found.append(Way.FLIPPED)
        elif len(layer.inputs) == 2:
            found.append(Way.STUFFED)
    if set(layer.window.kernel) == {1} and layer.group == 1 and not unit_stride:
        found.append(Way.PROJECTED)
    return tuple(found)


def way_of(layer: Layer) -> Way:
    """Return the way that was measured to be the fastest for a layer with constant filters."""
    possible = ways(layer)
    is_large = layer.channels >= _FEW_CHANNELS or layer.scratch > _MOST_SCRATCH
    if Way.FLIPPED in possible and (layer.is_depthwise or is_large):
        return Way.FLIPPED
    if Way.STUFFED in possible and layer.is_depthwise and math.prod(layer.window.strides) <= _MOST_STUFFING:
        return Way.STUFFED
    if Way.PROJECTED in possible and layer.channels >= _FEW_CHANNELS:
        return Way.PROJECTED
    return Way.TRANSPOSED


def pays_in_registers(*, channels: int, kernel: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Return whether DenseConvTranspose of the kernels is faster than ConvTranspose, by a layer's input channels.

    It holds the sums of several channels in registers, where ConvTranspose writes a product for every tap and adds
    those that meet. Of one channel what it reads counts once, and where windows do not meet there is nothing to add.
    """
    overlap = any(side > stride for side, stride in zip(kernel, strides, strict=True))
    return overlap and 1 < channels < _FEW_CHANNELS
