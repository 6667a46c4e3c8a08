"""Running sums and products: an output sees all that comes before it along one axis."""

from __future__ import annotations

from inspector.model.receptive.field import Field
from inspector.model.receptive.rule import Context, constants, field_rule, only_first
from inspector.operators.attributes import flag
from inspector.operators.operation import Operation


@field_rule("CumProd", "CumSum")
def running(operation: Operation, inputs: list[Field | None], _index: int, _context: Context) -> Field | None:
    """Output o sees the inputs 0..o, or from o on where `reverse`; `exclusive` leaves out o itself."""
    field, axis = only_first(inputs), constants(operation, "axis", position=1)
    if field is None or axis is None or len(axis) != 1:
        return None
    role = field.roles[axis[0] % len(field.roles)]
    if role not in field.tracks:
        return field
    reverse, exclusive = flag(operation, "reverse"), flag(operation, "exclusive")
    return field.with_track(role, field.track(role).running(reverse=reverse, exclusive=exclusive))
