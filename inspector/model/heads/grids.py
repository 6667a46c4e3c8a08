"""How many boxes detectors give: one or three for each place of the grids of some strides."""

from __future__ import annotations

from inspector.model.heads.evidence import Evidence

STRIDES = (8, 16, 32)
_SETS = (
    STRIDES,
    (8, 16, 32, 64),
    (16, 32),
    (4, 8, 16, 32),
    (8, 16),
    (32,),
    (16,),
    (8,),
    (8, 16, 32, 64, 128),
)
_PER_PLACE = (1, 2, 3)


def strides_of(evidence: Evidence, count: object) -> tuple[tuple[int, ...], int] | None:
    """Return the strides and the boxes per place whose grids have so many boxes together; None where none do."""
    if not isinstance(count, int):
        return None
    for strides in _SETS:
        places = [evidence.grid(stride) for stride in strides]
        if any(one is None for one in places):
            return None
        total = sum(one for one in places if one is not None)
        for each in _PER_PLACE:
            if total * each == count and total > 1:
                return strides, each
    return None


def stride_of(evidence: Evidence, count: object) -> int | None:
    """Return the stride of one grid whose boxes, some per place, are so many."""
    if not isinstance(count, int):
        return None
    for stride in (4, 8, 16, 32, 64, 128):
        places = evidence.grid(stride)
        if places is not None and places > 1 and count % places == 0 and count // places <= 9:
            return stride
    return None


def is_grid(evidence: Evidence, count: object) -> bool:
    """Return whether a number of boxes is that of a detector's grids."""
    return strides_of(evidence, count) is not None
