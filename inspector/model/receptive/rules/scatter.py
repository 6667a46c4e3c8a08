"""Operators that write updates into data: an output sees its own element, and the updates that may be written there."""

from __future__ import annotations

from inspector.model.receptive.field import Field, merge
from inspector.model.receptive.rule import Context, field_rule
from inspector.operators.attributes import integer
from inspector.operators.operation import Operation


@field_rule("Scatter", "ScatterElements")
def along_axis(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """An update may come from anywhere along the axis, and so may the index that says where it goes."""
    data, *moved = inputs
    known = [field for field in moved if field is not None]
    return _written(operation, data, merge(known, len(known[0].roles)) if known else None)


@field_rule("TensorScatter")
def into_cache(
    operation: Operation, inputs: list[Field | None], _index: int, _context: Context
) -> Field | None:
    """The update is written along the axis from where the write index says."""
    data, updates, *indices = inputs
    return None if any(field is not None for field in indices) else _written(operation, data, updates)


@field_rule("ScatterND")
def anywhere(operation: Operation, inputs: list[Field | None], _index: int, context: Context) -> Field | None:
    """An update may come from anywhere."""
    data, indices, updates = inputs
    rank = context.rank(operation.outputs[0])
    if indices is not None or rank is None:
        return None
    fields = [data, None if updates is None else updates.opaque(rank)]
    return merge([field for field in fields if field is not None], rank)


def _written(operation: Operation, data: Field | None, updates: Field | None) -> Field | None:
    if updates is None:
        return data
    rank = len(updates.roles)
    moved = updates.spread([integer(operation, "axis") % rank])
    return merge([moved] if data is None else [data, moved], rank)
