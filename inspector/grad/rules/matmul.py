"""Gemm and MatMul."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import integer, number
from inspector.types.layers import Dim


@rule("Gemm")
def gemm(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Y = α·A'·B' + β·C: gA' = α·gy·B'ᵀ, gB' = α·A'ᵀ·gy, gC = β·gy, each transposed back."""
    a, w = b.saved(operand(node, 0)), b.saved(operand(node, 1))
    alpha = number(node, "alpha")
    trans_a, trans_b = integer(node, "transA"), integer(node, "transB")
    if trans_a:
        b.mix_batch()
        ga = b.op("Gemm", w, gy, alpha=alpha, transA=trans_b, transB=1)
    else:
        ga = b.op("Gemm", gy, w, alpha=alpha, transB=1 - trans_b)
    if b.wants(node.inputs[1]):
        b.mix_batch()  # one matrix for all images
    if trans_b:
        gb = b.op("Gemm", gy, a, alpha=alpha, transA=1, transB=trans_a)
    else:
        gb = b.op("Gemm", a, gy, alpha=alpha, transA=1 - trans_a)
    gradients: list[ir.Value | None] = [ga, gb]
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        beta = number(node, "beta")
        scaled = b.op("Mul", gy, b.constant(beta))
        gradients.append(b.unbroadcast(scaled, node.inputs[2], node.outputs[0]))
    return gradients + [None] * (len(node.inputs) - len(gradients))


@rule("MatMul")
def matmul(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """Y = A·B: gA = gy·Bᵀ, gB = Aᵀ·gy, summed over what was broadcast."""
    a, w = operand(node, 0), operand(node, 1)
    rank_a, rank_b = b.rank(a), b.rank(w)
    if rank_a == 2 and rank_b == 2:
        if b.wants(w):
            b.mix_batch()  # one matrix for all images
        # Gemm reads the weight transposed as it lies: no second copy.
        return [b.op("Gemm", gy, b.saved(w), transB=1), b.op("Gemm", b.saved(a), gy, transA=1)]
    # A vector is a matrix of one row (A) or one column (B), whose axis the product drops.
    row, column = rank_a == 1, rank_b == 1
    if row:
        b.mix_batch()
        gy = b.op("Unsqueeze", gy, b.ints([-1 if column else -2]))
    if column:
        gy = b.op("Unsqueeze", gy, b.ints([-1]))
    left = b.op("Unsqueeze", b.saved(a), b.ints([0])) if row else b.saved(a)
    right = b.op("Unsqueeze", b.saved(w), b.ints([1])) if column else b.saved(w)
    ga = b.op("MatMul", gy, b.op("Transpose", right, perm=_swap_last(max(rank_b, 2))))
    gb = b.op("MatMul", b.op("Transpose", left, perm=_swap_last(max(rank_a, 2))), gy)
    rank = max(rank_a, rank_b, 2)
    return [_fit(b, ga, a, w, rank), _fit(b, gb, w, a, rank)]


def _fit(b: Builder, gradient: ir.Value, operand: ir.Value, other: ir.Value, rank: int) -> ir.Value | None:
    """Sum over the stack axes along which an operand was broadcast, and give it the operand's shape."""
    own, opposite = _stack(b, operand, rank), _stack(b, other, rank)
    lead = rank - max(b.rank(operand), 2)
    axes = [i for i in range(rank - 2) if i < lead or (own[i] == 1 and opposite[i] != 1)]
    if axes and not b.wants(operand):
        return None
    if 0 in axes:
        b.mix_batch()
    if axes:
        gradient = b.op("ReduceSum", gradient, b.ints(axes), keepdims=1)
    return b.op("Reshape", gradient, b.shape_like(operand)) if axes or b.rank(operand) < 2 else gradient


def _stack(b: Builder, operand: ir.Value, rank: int) -> list[Dim]:
    sizes = list(b.shape(operand)[:-2])
    return [1] * (rank - 2 - len(sizes)) + sizes


def _swap_last(rank: int) -> list[int]:
    return [*range(rank - 2), rank - 1, rank - 2]
