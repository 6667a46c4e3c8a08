"""The determinant."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder


@rule("Det", since=11)
def determinant(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """gx = gy·adj(x)ᵀ (Jacobi's formula), with adj(x) by the Faddeev–LeVerrier recursion: it divides by nothing of x.

    M₁ = 1, Mₖ₊₁ = x·Mₖ − tr(x·Mₖ)/k, adj(x) = (−1)ⁿ⁻¹·Mₙ.
    """
    x = operand(node, 0)
    rank = b.rank(x)
    if rank == 2:
        b.mix_batch()
    (size,) = b.sizes(x, rank - 1)
    unit = b.constant(np.eye(size))
    matrix = unit
    for k in range(1, size):
        product = b.op("MatMul", b.saved(x), matrix)
        trace = b.op("ReduceSum", b.op("Mul", product, unit), b.ints([-2, -1]), keepdims=1)
        matrix = b.op("Sub", product, b.op("Mul", b.op("Mul", trace, b.constant(1 / k)), unit))
    swapped = [*range(rank - 2), rank - 1, rank - 2]
    adjugate = (
        b.op("Transpose", matrix, perm=swapped)
        if size > 1
        else b.op("Expand", unit, b.op("Shape", b.saved(x)))
    )
    signed = b.op("Mul", b.op("Unsqueeze", gy, b.ints([-2, -1])), b.constant((-1) ** (size - 1)))
    return [b.op("Mul", signed, adjugate)]
