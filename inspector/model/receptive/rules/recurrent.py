"""Recurrent layers: every step sees the whole sequence, and the images of a batch stay apart."""

from __future__ import annotations

from inspector.model.receptive.field import CHANNEL, UNKNOWN, Field
from inspector.model.receptive.rule import Context, field_rule, only_first
from inspector.operators.attributes import flag
from inspector.operators.operation import Operation


@field_rule("GRU", "LSTM", "RNN")
def recurrent(
    operation: Operation, inputs: list[Field | None], index: int, _context: Context
) -> Field | None:
    """The input is (time, batch, units), or (batch, time, units) with the layout 1; so are output and last states.

    They have an axis of directions: (time, directions, batch, units) and (directions, batch, units), or (batch, time,
    directions, units) and (batch, directions, units).
    """
    field = only_first(inputs)
    if field is None or len(field.roles) != 3:
        return None
    batch_first = flag(operation, "layout")
    time, batch = (1, 0) if batch_first else (0, 1)
    seen, images = field.collapse([2]), field.roles[batch]
    if index > 0:
        last = (images, UNKNOWN) if batch_first else (UNKNOWN, images)
        return seen.collapse([time]).with_roles((*last, CHANNEL))
    steps = field.roles[time]
    order = (images, steps, UNKNOWN) if batch_first else (steps, UNKNOWN, images)
    return seen.spread([time]).with_roles((*order, CHANNEL))
