"""How the kernel of a convolution or pooling slides over a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import onnx_ir as ir

from inspector.grad.rule import operand
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integers, text
from inspector.operators.extents import pooling_extent


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


def read_pooling(b: Builder, node: ir.Node) -> tuple[Window, list[int], list[int]]:
    """Return the window of a pooling node, as ONNX Runtime lays it, and its spatial sizes before and after."""
    x = operand(node, 0)
    spatial = range(2, b.rank(x))
    inputs, outputs = b.sizes(x, *spatial), b.sizes(node.outputs[0], *spatial)
    kernel = integers(node, "kernel_shape")
    window = read_window(node, kernel=kernel, inputs=inputs, outputs=outputs)
    begins = [
        pooling_extent(node, position, kernel=wide, size=size).begin
        for position, (wide, size) in enumerate(zip(kernel, inputs, strict=True))
    ]
    spans = zip(outputs, window.strides, window.extents, inputs, begins, strict=True)
    ends = [max((o - 1) * s + e - i - begin, 0) for o, s, e, i, begin in spans]
    return replace(window, pads=(*begins, *ends)), inputs, outputs
