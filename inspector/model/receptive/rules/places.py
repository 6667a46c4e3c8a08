"""Operators that read or write wherever other inputs point: every output may see all; which axes it has is known."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.model.receptive.field import BATCH, CHANNEL, UNKNOWN, Field, seeing_all
from inspector.model.receptive.rule import FIRST_SPATIAL, Context, field_rule, only_first
from inspector.model.receptive.track import union
from inspector.operators.operation import Operation


@field_rule("DeformConv", "GridSample")
def sampled(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """A map of samples of the image: the offsets, or the grid, may point anywhere in it."""
    field = inputs[0]
    if field is None:
        return None
    found = _seeing_all(inputs, [field.roles[0], CHANNEL, *field.roles[2:]])
    known = [other for other in inputs if other is not None]
    if all(other.roles[0] == BATCH for other in known):
        return found.with_track(BATCH, union([other.batch for other in known]))
    return found


@field_rule("MaxRoiPool", "RoiAlign")
def of_regions(
    _operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """One map per region, and regions may lie anywhere."""
    field = inputs[0]
    return None if field is None else _seeing_all(inputs, [UNKNOWN, CHANNEL, UNKNOWN, UNKNOWN])


@field_rule("Col2Im")
def columns_to_image(
    operation: Operation, inputs: list[Field | None], index: int, context: Context
) -> Field | None:
    """The places of the windows are one axis of the input, which is neither rows nor columns."""
    field, rank = inputs[0], context.rank(operation.outputs[index])
    if field is None or rank is None:
        return None
    found = _seeing_all(inputs, [field.roles[0], CHANNEL, *[UNKNOWN] * (rank - FIRST_SPATIAL)])
    alone = field.roles[0] == BATCH and only_first(inputs) is not None
    return found.with_track(BATCH, field.batch) if alone else found


def _seeing_all(inputs: Sequence[Field | None], roles: Sequence[str]) -> Field:
    return seeing_all([field for field in inputs if field is not None], roles)
