"""Operators whose output at a place depends on that place alone, with broadcasting."""

from __future__ import annotations

from inspector.model.receptive.field import Field, merge
from inspector.model.receptive.rule import Context, field_rule, only_first
from inspector.operators.domains import MICROSOFT
from inspector.operators.families import BROADCASTING, DEQUANTIZERS, IDENTITIES, QUANTIZERS, UNARY
from inspector.operators.operation import Operation


@field_rule(*sorted(UNARY - {"CastLike"} | IDENTITIES | QUANTIZERS | DEQUANTIZERS), "LRN", "Trilu")
@field_rule("BiasGelu", "FastGelu", "QuickGelu", domain=MICROSOFT)
def one_input(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """The first input's field, where nothing else depends on the image: the other inputs are parameters.

    LRN looks at neighboring channels, but not beyond its place.
    """
    return only_first(inputs)


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
