"""The gradients of a convolution, which convolutions, their transposes and average poolings share.

For y = w ⋆ x with stride s, dilation d and padding p, ∂/∂x is the convolution of the (zero-stuffed) signal with the
filters flipped and transposed (Zeiler & Fergus 2014, §2.1; Dumoulin & Visin 2016, ch. 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integers, text
from inspector.types.arrays import Array

_FEW_CHANNELS = 16
"""Below this many input channels ConvTranspose beats a flipped convolution, 2 to 5 times for 3 (measured)."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a kernel slides, per spatial axis; pads are (begins…, ends…)."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]

    @property
    def extents(self) -> tuple[int, ...]:
        """The span of the dilated kernel."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True))


def read_window(
    node: ir.Node, *, kernel: Sequence[int], inputs: Sequence[int], outputs: Sequence[int]
) -> Window:
    """Read strides, dilations and pads of a convolution or pooling node, auto_pad resolved.

    `inputs` and `outputs` are the spatial sizes; where ceil_mode lets a window hang over the end, the end padding
    is what the output size implies.
    """
    n = len(kernel)
    strides = integers(node, "strides", (1,) * n)
    dilations = integers(node, "dilations", (1,) * n)
    auto_pad = text(node, "auto_pad", "NOTSET")
    window = Window(kernel=tuple(kernel), strides=strides, dilations=dilations, pads=(0,) * 2 * n)
    spans = [(o - 1) * s + e - i for o, s, e, i in zip(outputs, strides, window.extents, inputs, strict=True)]
    if auto_pad.startswith("SAME"):
        totals = [max(span, 0) for span in spans]
        small = [total // 2 for total in totals]
        large = [total - half for total, half in zip(totals, small, strict=True)]
        begins, ends = (small, large) if auto_pad == "SAME_UPPER" else (large, small)
    else:
        pads = integers(node, "pads", [0] * 2 * n)
        begins = [0] * n if auto_pad == "VALID" else list(pads[:n])
        ends = [0] * n if auto_pad == "VALID" else list(pads[n:])
        ends = [max(end, span - begin) for end, span, begin in zip(ends, spans, begins, strict=True)]
    return Window(kernel=window.kernel, strides=strides, dilations=dilations, pads=(*begins, *ends))


def input_gradient(
    b: Builder,
    gy: ir.Value,
    *,
    weight: ir.Value,
    array: Array | None,
    window: Window,
    group: int,
    channels: int,
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> ir.Value:
    """Write the gradient of a convolution's input.

    `weight` is the (M, C/group, *kernel) filter in the backward graph, `array` its value where constant;
    `channels` the C, `inputs` and `outputs` the spatial sizes.
    """
    n = len(window.kernel)
    begins, ends = window.pads[:n], window.pads[n:]
    flipped_pads = [e - 1 - p for e, p in zip((*window.extents, *window.extents), window.pads, strict=True)]
    unit_stride = all(s == 1 for s in window.strides)
    depthwise = group > 1 and group == channels
    if (
        array is not None
        and unit_stride
        and min(flipped_pads) >= 0
        and (channels >= _FEW_CHANNELS or depthwise)
    ):
        return b.op(
            "Conv",
            gy,
            b.constant(flip_filters(array, group=group)),
            kernel_shape=list(window.kernel),
            dilations=list(window.dilations),
            pads=flipped_pads,
            group=group,
        )
    # The sizes that the strides rounded away come back as output padding.
    lost = [
        i - ((o - 1) * s + e - begin - end)
        for i, o, s, e, begin, end in zip(
            inputs, outputs, window.strides, window.extents, begins, ends, strict=True
        )
    ]
    if array is not None and set(window.kernel) == {1} and group == 1 and channels >= _FEW_CHANNELS:
        # A projection with a stride: multiply first, then spread the result. 2.2 ms each where one ConvTranspose takes
        # 2.3 to 3.8 (ResNet-50's three).
        gy = b.op("Conv", gy, b.constant(flip_filters(array, group=1)), kernel_shape=list(window.kernel))
        weight = b.constant(np.ones((channels, 1, *window.kernel)))
        group = channels
    return b.op(
        "ConvTranspose",
        gy,
        weight,
        kernel_shape=list(window.kernel),
        strides=list(window.strides),
        dilations=list(window.dilations),
        pads=list(window.pads),
        output_padding=lost,
        group=group,
    )


def weight_gradient(
    b: Builder, x: ir.Value, gy: ir.Value, *, window: Window, group: int, channels: int, sizes: Sequence[int]
) -> ir.Value:
    """Write gw[m, c, k] = Σ_n Σ_o gy[n, m, o]·x[n, c, s·o + d·k − p]: a convolution of x by gy, strides and dilations
    having changed places, images and channels too (Dumoulin & Visin 2016, ch. 4).

    `x` is (N, channels, *sizes), in the backward graph as `gy` is.
    """
    n = len(sizes)
    space = range(2, n + 2)
    if group == 1:
        turned = b.op("Transpose", x, perm=[1, 0, *space])
    else:
        parted = b.op("Reshape", x, b.ints([-1, group, channels // group, *sizes]))
        turned = b.op("Transpose", parted, perm=[2, 1, 0, *range(3, n + 3)])
        turned = b.op("Reshape", turned, b.ints([channels // group, -1, *sizes]))
    product = b.op(
        "Conv",
        turned,
        b.op("Transpose", gy, perm=[1, 0, *space]),
        strides=list(window.dilations),
        dilations=list(window.strides),
        pads=list(window.pads),
        group=group,
    )
    # Where strides rounded sizes away, shifts beyond the kernel fit too.
    cut = b.op("Slice", product, b.ints([0] * n), b.ints(window.kernel), b.ints(list(space)))
    return b.op("Transpose", cut, perm=[1, 0, *space])


def bias_gradient(b: Builder, gy: ir.Value, *, spatial: Sequence[int]) -> ir.Value:
    """Write gb[m] = Σ_n Σ_o gy[n, m, o]."""
    return b.op("ReduceSum", gy, b.ints([0, *spatial]), keepdims=0)


def flip_filters(array: Array, *, group: int) -> Array:
    """Return (C, M/group, *kernel) filters: flipped along space, with inputs and outputs swapped per group."""
    m, c = array.shape[:2]
    grouped = array.reshape(group, m // group, c, *array.shape[2:]).swapaxes(1, 2)
    spatial = tuple(range(3, grouped.ndim))
    return np.flip(grouped, spatial).reshape(group * c, m // group, *array.shape[2:])
