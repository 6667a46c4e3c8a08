"""Detectors whose outputs are maps: per place of a grid the numbers of one box (FastestDet) or of several (YOLOv3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inspector.model.heads.columns import SOFTMAX, pieces_of
from inspector.model.heads.evidence import Evidence
from inspector.model.heads.grids import stride_of
from inspector.model.heads.head import BOXES, Boxes, Columns, Head, Scale
from inspector.model.heads.recognizer import recognizer
from inspector.model.heads.recognizers.box_rows import columns_by_pieces

_PER_PLACE = (3, 5)
_KNOWN = (80, 20)
"""Classes of COCO and VOC, which tell a detector where no name does."""


@recognizer(22)
def box_maps(evidence: Evidence, unread: Sequence[str]) -> Iterable[Head]:
    """Read maps of (…, height, width) or (height, width, …) of one detector; all of them are one answer."""
    scales: list[Scale] = []
    counts = set()
    for name in unread:
        scale = _by_pieces(evidence, name) or _by_anchors(evidence, name)
        if scale is not None and scale.classes is not None and scale.classes.stop is not None:
            scales.append(scale)
            counts.add(scale.classes.stop - scale.classes.start)
    if not scales or len(counts) > 1:
        return []
    first = scales[0].objectness is not None and scales[0].objectness.start == 0
    softmax = scales[0].classes is not None and scales[0].classes.activation == SOFTMAX
    boxes = Boxes(
        scales=tuple(scales),
        coding="fastestdet" if first and softmax else "unknown",
        confidence="weighted" if first and softmax else "product",
    )
    return [
        Head(output=one.holder.output, meaning=BOXES, part="all", scores=one.holder.output, boxes=boxes,
             classes=counts.copy().pop())
        for one in scales
    ]  # fmt: skip


def _by_pieces(evidence: Evidence, name: str) -> Scale | None:
    shape = evidence.shape(name)
    if len(shape) != 3:
        return None
    for axis in (0, 2):
        pieces = pieces_of(evidence.values[name], evidence.whole_axis(name, axis), evidence.context)
        if pieces is None or len(pieces) < 2:
            continue
        found = columns_by_pieces(evidence, pieces, name=name, axis=axis - 3, rows=True)
        if found is not None:
            return found
    return None


def _by_anchors(evidence: Evidence, name: str) -> Scale | None:
    """Read raw maps of several boxes per place, each with coordinates, objectness and classes."""
    shape = evidence.shape(name)
    named = evidence.named_classes
    likely = (named,) if named is not None else _KNOWN
    if len(shape) == 4 and isinstance(shape[3], int) and shape[0] in _PER_PLACE and shape[3] - 5 in likely:
        return _scale(name, axis=-1, classes=shape[3] - 5, groups=1, stride=_stride(evidence, shape[1:3]))
    if len(shape) != 3:
        return None
    for axis in (0, 2):
        count, places = shape[axis], shape[1:] if axis == 0 else shape[:2]
        for groups in _PER_PLACE:
            if isinstance(count, int) and count % groups == 0 and count // groups - 5 in likely:
                stride = _stride(evidence, places)
                return _scale(name, axis=axis - 3, classes=count // groups - 5, groups=groups, stride=stride)
    return None


def _stride(evidence: Evidence, places: Sequence[object]) -> int | None:
    height, width = places
    return stride_of(evidence, height * width) if isinstance(height, int) and isinstance(width, int) else None


def _scale(name: str, *, axis: int, classes: int, groups: int, stride: int | None) -> Scale:
    def columns(start: int, stop: int) -> Columns:
        return Columns(output=name, axis=axis, start=start, stop=stop, groups=groups)

    return Scale(
        coordinates=columns(0, 4), objectness=columns(4, 5), classes=columns(5, 5 + classes), stride=stride
    )
