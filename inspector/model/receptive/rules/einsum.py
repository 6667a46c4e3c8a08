"""Einsum: axes that the equation keeps stay, those that it sums over are mixed."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.model.receptive.field import CHANNEL, UNKNOWN, Field, merge
from inspector.model.receptive.rule import Context, field_rule
from inspector.operators.attributes import text
from inspector.operators.operation import Operation


@field_rule("Einsum")
def einsum(operation: Operation, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """Follow the operands that depend on the image; an axis that comes in for summed channels holds channels."""
    equation = text(operation, "equation").replace(" ", "")
    left, arrow, right = equation.partition("->")
    rank = context.rank(operation.outputs[0])
    made = None if rank is None or not arrow else _axes(right, rank)
    if made is None:
        return None
    parts = [
        _operand(field, _axes(term, len(field.roles)), made)
        for field, term in zip(inputs, left.split(","), strict=True)
        if field is not None
    ]
    found = [part for part in parts if part is not None]
    if len(found) != len(parts):
        return None
    return found[0] if len(found) == 1 else merge(found, len(made))


def _operand(field: Field, own: Sequence[str] | None, made: Sequence[str]) -> Field | None:
    """Return what one operand brings to the axes that are made."""
    if own is None or len(set(own)) < len(own):
        return None
    summed = [axis for axis, name in enumerate(own) if name not in made]
    brings_channels = any(field.roles[axis] == CHANNEL for axis in summed)
    role_of = dict(zip(own, field.roles, strict=True))
    new = CHANNEL if brings_channels else UNKNOWN
    roles = [role_of.get(name, new) for name in made]
    return field.collapse(summed).with_roles(roles)


def _axes(term: str, rank: int) -> Sequence[str] | None:
    """Return one name per axis; "..." stands for the axes that have no letter, counted from the last."""
    before, dots, after = term.partition("...")
    count = rank - len(before) - len(after)
    if count < 0 or (count and not dots):
        return None
    return [*before, *(f"...{axis}" for axis in reversed(range(count))), *after]
