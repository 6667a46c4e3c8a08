"""Operators that mix along whole axes: reductions, global pooling, normalization, softmax and matrix products."""

from __future__ import annotations

from inspector.model.receptive.field import BATCH, CHANNEL, UNKNOWN, Field, merge
from inspector.model.receptive.rule import (
    FIRST_SPATIAL,
    Context,
    constants,
    field_rule,
    has_input,
    only_first,
    positive,
)
from inspector.operators.attributes import (
    flag,
    integer,
    integers,
    text,
)
from inspector.operators.families import ARGUMENTS, GLOBAL_POOLINGS, REDUCTIONS, SOFTMAXES
from inspector.operators.operation import Operation


@field_rule(*sorted(GLOBAL_POOLINGS))
def global_pooling(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """GlobalAveragePool and its kin: the spatial axes shrink to 1."""
    field = inputs[0]
    return None if field is None else field.collapse(range(FIRST_SPATIAL, len(field.roles)))


@field_rule(*sorted(REDUCTIONS))
def reduction(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """Reduce*: the axes of the attribute or the second input, all where neither is given."""
    field = inputs[0]
    axes = constants(operation, "axes", position=1)
    if field is None or (axes is None and has_input(operation, 1)):
        return None
    if not axes:
        if flag(operation, "noop_with_empty_axes"):
            return field
        axes = list(range(len(field.roles)))
    return _reduced(operation, field, axes)


@field_rule(*sorted(ARGUMENTS))
def argument(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """ArgMax and ArgMin, along one axis."""
    return None if inputs[0] is None else _reduced(operation, inputs[0], [integer(operation, "axis")])


def _reduced(operation: Operation, field: Field, axes: list[int]) -> Field:
    gone = set(positive(axes, len(field.roles)))
    collapsed = field.collapse(sorted(gone))
    if flag(operation, "keepdims"):
        return collapsed
    return collapsed.with_roles([role for axis, role in enumerate(field.roles) if axis not in gone])


@field_rule("InstanceNormalization")
def spatial_normalization(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """InstanceNormalization: mean and deviation are taken over all places."""
    field = only_first(inputs)
    if field is None:
        return None
    first = 1 if field.roles[1] == BATCH else FIRST_SPATIAL  # the parameters are those of a channel
    return field.spread(range(first, len(field.roles)))


@field_rule("GroupNormalization")
def group_normalization(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """GroupNormalization: also over groups along axis 1, whatever that axis holds."""
    field = only_first(inputs)
    return None if field is None else field.spread(range(1, len(field.roles)))


@field_rule("LayerNormalization", "RMSNormalization")
def from_axis(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """LayerNormalization: all axes from `axis` on are mixed."""
    field = inputs[0]
    if field is None:
        return None
    rank = len(field.roles)
    return field.spread(range(integer(operation, "axis") % rank, rank))


@field_rule("LpNormalization")
def along_axis(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """LpNormalization: one axis is mixed."""
    field = inputs[0]
    if field is None:
        return None
    return field.spread([integer(operation, "axis") % len(field.roles)])


@field_rule(*sorted(SOFTMAXES))
def softmax(operation: Operation, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """Softmax: before opset 13 over all axes from `axis` (1) on, since then over one axis (the last)."""
    field = inputs[0]
    if field is None:
        return None
    rank = len(field.roles)
    axis = integer(operation, "axis", opset=context.opset) % rank
    return field.spread(range(axis, rank) if context.opset < 13 else [axis])


@field_rule("MeanVarianceNormalization")
def mean_variance(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """MeanVarianceNormalization: over `axes`, by default 0, 2 and 3."""
    field = inputs[0]
    axes = integers(operation, "axes")
    return None if field is None else field.spread(positive(axes, len(field.roles)))


@field_rule("MatMul")
def matrix_product(
    operation: Operation, inputs: list[Field | None], _index: int, context: Context
) -> Field | None:
    """MatMul: the last axis of the first and the last but one of the second are summed over."""
    first, second = inputs
    if first is not None and second is None:
        rank = context.rank(operation.inputs[1])
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
        rank = context.rank(operation.inputs[0])
        if rank is None or rank < 2 or rank > len(second.roles):
            return None
        return second.collapse([len(second.roles) - 2]).with_roles(
            (
                *second.roles[:-2],
                UNKNOWN if second.roles[-2] in second.tracks else second.roles[-2],
                second.roles[-1],
            )
        )
    return None if first is None or second is None else _product_of_two(first, second)


def _product_of_two(first: Field, second: Field) -> Field | None:
    """Y[…, i, j] sees row i of the first, column j of the second; stacked matrices stay apart."""
    if len(first.roles) < 2 or len(second.roles) < 2:
        return None
    rows = first.collapse([len(first.roles) - 1]).with_roles((*first.roles[:-1], UNKNOWN))
    columns = second.collapse([len(second.roles) - 2]).with_roles(
        (*second.roles[:-2], UNKNOWN, second.roles[-1])
    )
    return merge([rows, columns], max(len(first.roles), len(second.roles)))


@field_rule("Gemm")
def dense(operation: Operation, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """Gemm: rows of the input stay, columns become units."""
    field = only_first(inputs)
    if field is None or len(field.roles) != 2:
        return None
    kept = 1 if flag(operation, "transA") else 0
    return field.collapse([1 - kept]).with_roles((field.roles[kept], CHANNEL))


@field_rule("Det")
def determinant(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """The last two axes become one number."""
    field = inputs[0]
    if field is None:
        return None
    rank = len(field.roles)
    return field.collapse([rank - 2, rank - 1]).with_roles(field.roles[:-2])


@field_rule("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def loss(operation: Operation, inputs: list[Field | None], index: int, _context: Context) -> Field | None:
    """Without reduction one loss per place, over the classes along axis 1; the second output are log-probabilities."""
    field = only_first(inputs)
    if field is None:
        return None
    if index == 1:
        return field.spread([1])
    if text(operation, "reduction") != "none":
        return field.with_roles([])
    return field.collapse([1]).with_roles([field.roles[0], *field.roles[2:]])
