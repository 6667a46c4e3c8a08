"""Operators whose output at a place depends on that place alone, with broadcasting."""

from __future__ import annotations

from inspector.model.receptive.field import BATCH, Field, merge
from inspector.model.receptive.rule import Context, field_rule, only_first
from inspector.operators.attributes import flag
from inspector.operators.domains import MICROSOFT
from inspector.operators.families import BROADCASTING, DEQUANTIZERS, IDENTITIES, QUANTIZERS, UNARY
from inspector.operators.operation import Operation


@field_rule(*sorted(UNARY - {"BatchNormalization", "CastLike"} | IDENTITIES | QUANTIZERS | DEQUANTIZERS))
@field_rule("BiasGelu", "FastGelu", "QuickGelu", domain=MICROSOFT)
def one_input(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """The first input's field, where nothing else depends on the image: the other inputs are parameters."""
    return only_first(inputs)


@field_rule("LRN")
def among_channels(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """LRN looks at neighboring channels, but not beyond its place."""
    field = only_first(inputs)
    return None if field is None else field.spread([1])


@field_rule("Trilu")
def triangle(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """The place decides what becomes 0, so that images along one of the last two axes fare differently."""
    field = only_first(inputs)
    if field is None or BATCH not in field.roles[-2:]:
        return field
    return field.with_track(BATCH, field.batch.spread())


@field_rule("BatchNormalization")
def batch_normalization(
    operation: Operation, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """A function of elements, by channel; in training mode all but the channel axis is looked at.

    The statistics that training mode hands on are the second output and those after it.
    """
    field = only_first(inputs)
    if field is None:
        return None
    rank = len(field.roles)
    if rank > 1 and field.roles[1] == BATCH:  # the parameters are those of a channel, and not of an image
        field = field.spread([1])
    in_training = flag(operation, "training_mode") if context.opset >= 14 else len(operation.outputs) > 1
    if index:
        return None
    if not in_training:
        return field
    return field.spread([axis for axis in range(rank) if axis != 1])


@field_rule("CastLike")
def cast_like(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """The first input's field; of the second it reads only the type."""
    return inputs[0]


@field_rule(*sorted(BROADCASTING), "SwiGLU")
def many_inputs(
    operation: Operation, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """The union of the inputs' windows, axes aligned at the end."""
    fields = [field for field in inputs if field is not None]
    ranks = [context.rank(value) for value in operation.inputs]
    known = [rank for rank in (*ranks, context.rank(operation.outputs[index])) if rank is not None]
    return merge(fields, max([*known, *(len(field.roles) for field in fields)]))
