"""Ruled operators that have no receptive-field rule, with the reason: their outputs see all that their inputs see."""

from __future__ import annotations

from inspector.model.receptive.rule import NO_FIELD
from inspector.operators.domains import STANDARD

_REASONS = {
    "every position attends to every other": ("Attention",),
    "it reads wherever its indices point, and its axes are made of theirs": ("GatherND",),
    "every point of the grid follows from the whole transformation": ("AffineGrid",),
}

for _reason, _op_types in _REASONS.items():
    for _op_type in _op_types:
        NO_FIELD.add((STANDARD, _op_type), _reason)
