"""What a backward graph tells of its max-poolings, so that a kernel can take their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import onnx_ir as ir

from inspector.grad.rule import Gradients, operand
from inspector.grad.step import RuleOf, Step
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.window import read_pooling
from inspector.operators.domains import is_standard

_AXES = 4
"""Of the maps (N, C, H, W) that the kernel takes."""
_LARGEST = 1 << 16
"""Of the sizes and strides of windows that it takes."""


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """Where a backward graph holds the gradient of a max-pooling, and how its windows lie."""

    x: str
    """The forward tensor that is pooled, float32 (N, C, H, W)."""
    shape: ir.Shape
    """What the backward graph declares for it."""
    gy: str
    """The tensor of the backward graph that holds the gradient of the result."""
    gx: str
    """That which holds the gradient of x."""
    kernel: tuple[int, int]
    strides: tuple[int, int]
    begins: tuple[int, int]
    """The padding before the first row, and before the first column."""


def noting(
    step_for: Callable[[ir.Node], Step], *, rule_of: RuleOf, poolings: list[Pooled]
) -> Callable[[ir.Node], Step]:
    """Return `step_for`, whose steps also add to `poolings`: where a MaxPool's own rule holds, and it can be said."""

    def step(node: ir.Node) -> Step:
        chosen = step_for(node)
        if not is_standard(node) or node.op_type != "MaxPool" or chosen.rule is not rule_of(node):
            return chosen

        def rule(b: Builder, pool: ir.Node, *gys: ir.Value | None) -> Gradients:
            gxs = chosen.rule(b, pool, *gys)
            found = _pooled(b, pool, gys[0], gxs[0])
            poolings.extend([] if found is None else [found])
            return gxs

        return Step(chosen.inputs, rule)

    return step


def _pooled(b: Builder, node: ir.Node, gy: ir.Value | None, gx: ir.Value | None) -> Pooled | None:
    """Return what is to tell of a max-pooling, or None where it is of another kind than the kernel's."""
    x = operand(node, 0)
    if gy is None or gx is None or not (x.name and gy.name and gx.name):
        return None
    if b.rank(x) != _AXES or not b.dtype == b.dtype_of(x) == ir.DataType.FLOAT:
        return None
    window, _, _ = read_pooling(b, node)
    (height, width), (down, right), (top, left) = window.kernel, window.strides, window.pads[:2]
    if set(window.dilations) != {1} or max(*window.kernel, *window.strides) > _LARGEST:
        return None
    if not (0 <= top < height and 0 <= left < width):
        return None
    return Pooled(
        x=x.name,
        shape=b.outer_shape(b.shape(x)),
        gy=gy.name,
        gx=gx.name,
        kernel=(height, width),
        strides=(down, right),
        begins=(top, left),
    )
