"""Operators that mix along whole axes: reductions, global pooling, normalization, softmax and matrix products."""

from __future__ import annotations

from functools import partial

import onnx_ir as ir

from inspector.model.receptive.field import CHANNEL, COLUMN, ROW, UNKNOWN, Field
from inspector.model.receptive.rules.context import Context, Rule, integer, integers, positive

FIRST_SPATIAL = 2
REDUCTIONS = [
    "ArgMax",
    "ArgMin",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
]


def global_pooling(
    _node: ir.Node, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """GlobalAveragePool and its kin: the spatial axes shrink to 1."""
    field = inputs[0]
    return None if field is None else field.collapse(range(FIRST_SPATIAL, len(field.roles)))


def reduction(node: ir.Node, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """Reduce*: the axes of the attribute or the second input, all where neither is given."""
    field = inputs[0]
    if field is None:
        return None
    rank = len(field.roles)
    axes = (
        integers(node, "axis") or [0]
        if node.op_type.startswith("Arg")
        else integers(node, "axes", position=1)
    )
    if axes is None or not axes:
        if len(node.inputs) > 1 and node.inputs[1] is not None and axes is None:
            return None
        if integer(node, "noop_with_empty_axes", 0):
            return field
        axes = list(range(rank))
    gone = set(positive(axes, rank))
    collapsed = field.collapse(sorted(gone))
    if integer(node, "keepdims", 1):
        return collapsed
    return collapsed.with_roles([role for axis, role in enumerate(field.roles) if axis not in gone])


def spatial_normalization(
    _node: ir.Node, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """InstanceNormalization, GroupNormalization: mean and deviation are taken over all places."""
    field = inputs[0]
    return None if field is None else field.spread(range(FIRST_SPATIAL, len(field.roles)))


def from_axis(
    default: int, node: ir.Node, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """LayerNormalization: all axes from `axis` on are mixed."""
    field = inputs[0]
    if field is None:
        return None
    rank = len(field.roles)
    return field.spread(range(integer(node, "axis", default) % rank, rank))


def along_axis(
    default: int, node: ir.Node, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """LpNormalization, CumSum with an attribute: one axis is mixed."""
    field = inputs[0]
    if field is None:
        return None
    return field.spread([integer(node, "axis", default) % len(field.roles)])


def softmax(node: ir.Node, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Softmax: before opset 13 over all axes from `axis` (1) on, since then over one axis (the last)."""
    if context.opset < 13:
        return from_axis(1, node, inputs, index, context)
    return along_axis(-1, node, inputs, index, context)


def mean_variance(node: ir.Node, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """MeanVarianceNormalization: over `axes`, by default 0, 2 and 3."""
    field = inputs[0]
    axes = integers(node, "axes") or [0, 2, 3]
    return None if field is None else field.spread(positive(axes, len(field.roles)))


def matrix_product(
    second_at: int, node: ir.Node, inputs: list[Field | None], _index: int, context: Context
) -> Field | None:
    """MatMul: the last axis of the first and the last but one of the second are summed over."""
    first, second = inputs[0], inputs[second_at] if second_at < len(inputs) else None
    if first is not None and second is None:
        rank = context.rank(node.inputs[second_at])
        if rank is None:
            return None
        mixed = first.collapse([len(first.roles) - 1])
        roles = first.roles[:-1] + ((CHANNEL,) if rank > 1 else ())
        if rank > 2 and rank > len(first.roles):
            return None
        return mixed.with_roles(
            [
                UNKNOWN if role == CHANNEL and place < len(roles) - 1 else role
                for place, role in enumerate(roles)
            ]
        )
    if first is None and second is not None and len(second.roles) >= 2:
        rank = context.rank(node.inputs[0])
        if rank is None or rank < 2 or rank > len(second.roles):
            return None
        return second.collapse([len(second.roles) - 2]).with_roles(
            (
                *second.roles[:-2],
                UNKNOWN if second.roles[-2] in (ROW, COLUMN) else second.roles[-2],
                second.roles[-1],
            )
        )
    return None


def dense(node: ir.Node, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """Gemm: rows of the input stay, columns become units."""
    field = inputs[0]
    if field is None or len(field.roles) != 2 or any(other is not None for other in inputs[1:]):
        return None
    kept = 1 if integer(node, "transA", 0) else 0
    return field.collapse([1 - kept]).with_roles((field.roles[kept], CHANNEL))


WHOLE_RULES: dict[str, Rule] = {
    **dict.fromkeys(REDUCTIONS, reduction),
    "GlobalAveragePool": global_pooling,
    "GlobalMaxPool": global_pooling,
    "GlobalLpPool": global_pooling,
    "QLinearGlobalAveragePool": global_pooling,
    "InstanceNormalization": spatial_normalization,
    "GroupNormalization": spatial_normalization,
    "LayerNormalization": partial(from_axis, -1),
    "RMSNormalization": partial(from_axis, -1),
    "LpNormalization": partial(along_axis, -1),
    "Softmax": softmax,
    "LogSoftmax": softmax,
    "Hardmax": softmax,
    "MeanVarianceNormalization": mean_variance,
    "MatMul": partial(matrix_product, 1),
    "FusedMatMul": partial(matrix_product, 1),
    "MatMulInteger": partial(matrix_product, 1),
    "QLinearMatMul": partial(matrix_product, 3),
    "Gemm": dense,
    "FusedGemm": dense,
    "QGemm": dense,
}
