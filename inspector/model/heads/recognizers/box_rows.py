"""Detectors of one output with a row or a column of numbers per box: the YOLO family, with key points and masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inspector.model.heads.columns import COMPUTED, RAW, Piece, pieces_of
from inspector.model.heads.evidence import Evidence
from inspector.model.heads.grids import strides_of
from inspector.model.heads.head import BOXES, PICTURE, Boxes, Columns, Head, Scale
from inspector.model.heads.recognizer import recognizer

COORDINATES = 4


@recognizer(20)
def box_rows(evidence: Evidence, unread: Sequence[str]) -> Iterable[Head]:
    """Read (4 + classes, boxes) of YOLOv8 and later, and (boxes, 5 + classes) of YOLOv5, YOLOv7 and YOLOX."""
    for name in unread:
        shape = evidence.shape(name)
        if len(shape) != 2 or "float" not in _dtype(evidence, name):
            continue
        for axis in (0, 1):
            count, boxes = shape[axis], shape[1 - axis]
            if isinstance(count, int) and (not isinstance(boxes, int) or boxes > count):
                head = _read(evidence, unread, name, axis=axis, count=count, boxes=boxes)
                if head is not None:
                    return [head, *_prototypes(evidence, unread, head)]
    return []


def _dtype(evidence: Evidence, name: str) -> str:
    return next(one.dtype for one in evidence.outputs if one.name == name)


def _read(
    evidence: Evidence, unread: Sequence[str], name: str, *, axis: int, count: int, boxes: object
) -> Head | None:
    known = pieces_of(evidence.values[name], evidence.whole_axis(name, axis), evidence.context)
    pieces = known or [Piece(count, COMPUTED)]
    grid = strides_of(evidence, boxes)
    found = columns_by_pieces(evidence, pieces, name=name, axis=axis - 2, rows=axis == 1)
    guess = None
    if found is None and len(pieces) == 1 and not pieces[0].are_fractions:
        is_grid = grid is not None and len(grid[0]) > 1
        found = _by_counts(evidence, name=name, axis=axis - 2, count=count, is_grid=is_grid)
        if found is not None and evidence.named_classes is None:
            guess = (
                f"Output {name!r} is read as boxes, because there are as many as a detector's grids have places; "
                "nothing in the file says which of its numbers are coordinates and which are classes."
            )
    if found is None or found.classes is None:
        return None
    coding = "center"
    if pieces[0].origin == RAW and found.objectness is not None:
        coding = "grid" if grid is not None and grid[1] == 1 else "unknown"
    stop = found.classes.stop or count
    return Head(
        output=name,
        meaning=BOXES,
        part="all",
        scores=name,
        classes=stop - found.classes.start,
        boxes=Boxes(scales=(found,), coding=coding, extra=_extra(evidence, unread, count - stop)),
        guess=guess,
    )


def columns_by_pieces(
    evidence: Evidence, pieces: list[Piece], *, name: str, axis: int, rows: bool, groups: int = 1
) -> Scale | None:
    """Return where the numbers of a box stand, by how the parts of an output were made; None where it is no detector.

    `rows`: whether each box has a row, as in YOLOv5, whose first probability is that of any object.
    """
    sizes = [piece.size for piece in pieces]
    is_fraction = [piece.are_fractions for piece in pieces]

    def columns(start: int, stop: int, activation: str = "none") -> Columns:
        return Columns(output=name, axis=axis, start=start, stop=stop, activation=activation, groups=groups)

    if len(pieces) == 3 and sizes[:2] == [1, COORDINATES] and is_fraction == [True, False, True]:
        return Scale(
            objectness=columns(0, 1, pieces[0].origin),
            coordinates=columns(1, 5),
            classes=columns(5, sum(sizes), pieces[2].origin),
        )
    lead = next((place for place, one in enumerate(is_fraction) if one), None)
    if lead is None or sum(sizes[:lead]) != COORDINATES:
        return None
    likely = [place for place in range(lead, len(pieces)) if is_fraction[place]]
    if likely != list(range(lead, lead + len(likely))):
        likely = likely[: next(i for i, place in enumerate(likely) if place != lead + i)]
    count = sum(sizes[place] for place in likely)
    named = evidence.named_classes
    has_objectness = (
        (len(likely) > 1 and sizes[lead] == 1)
        or (named is not None and count == named + 1)
        or (named is None and rows and count > 1)
    )
    if named is not None and count == named:
        has_objectness = False
    first, stop = COORDINATES + has_objectness, COORDINATES + count
    return Scale(
        coordinates=columns(0, COORDINATES),
        objectness=columns(COORDINATES, first, pieces[lead].origin) if has_objectness else None,
        classes=columns(first, stop, pieces[likely[-1]].origin),
    )


def _by_counts(evidence: Evidence, *, name: str, axis: int, count: int, is_grid: bool) -> Scale | None:
    """Return where the numbers stand, by how many there are: the names of the classes tell, or the grids."""
    named, extra = evidence.named_classes, evidence.points_per_box
    is_detector = evidence.task in ("detect", "segment", "pose", "obb") or is_grid
    if named is not None and is_detector:
        beside = count - named
        if axis == -1 and beside == COORDINATES + 1:
            objectness = True
        elif beside >= COORDINATES and (beside in (4, 5, 36, 37) or beside == COORDINATES + extra):
            objectness = False
        else:
            return None
        classes = named
    elif is_grid and count > COORDINATES + 1 and named is None:
        objectness = axis == -1
        classes = count - COORDINATES - objectness
    else:
        return None

    def columns(start: int, stop: int) -> Columns:
        return Columns(output=name, axis=axis, start=start, stop=stop)

    first = COORDINATES + objectness
    return Scale(
        coordinates=columns(0, COORDINATES),
        objectness=columns(COORDINATES, first) if objectness else None,
        classes=columns(first, first + classes),
    )


def _extra(evidence: Evidence, unread: Sequence[str], count: int) -> str | None:
    """Return what the numbers behind the classes are."""
    if count < 1:
        return None
    if any(evidence.shape(name)[:1] == (count,) and len(evidence.shape(name)) == 3 for name in unread):
        return "masks"
    return "points" if evidence.points_per_box == count else None


def _prototypes(evidence: Evidence, unread: Sequence[str], head: Head) -> list[Head]:
    """Return the maps of which a segmenting detector sums the masks of its boxes."""
    if head.boxes is None or head.boxes.extra != "masks":
        return []
    maps = [name for name in unread if len(evidence.shape(name)) == 3]
    return [
        Head(
            output=name,
            meaning=PICTURE,
            scores=name,
            guess=f"Output {name!r} is read as the maps that the masks of boxes are made of.",
        )
        for name in maps[:1]
    ]
