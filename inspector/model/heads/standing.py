"""Where axes stand in the values of several images, of tensors that have the images along another axis than the first.

Such a tensor's values are (N, …) as all are, and each image's keep the axis of images, of size 1. Recognizers count
without it.
"""

from __future__ import annotations

from dataclasses import replace

from inspector.model.heads.evidence import Evidence
from inspector.model.heads.head import Boxes, Columns, Head


def standing(head: Head, evidence: Evidence) -> Head:
    """Return a head whose axes are counted from the last in each image's values, the axis of images among them."""
    return replace(
        head,
        axis=_moved(head.axis, head.scores, evidence),
        output_axis=_moved(head.output_axis, head.output, evidence),
        boxes=None if head.boxes is None else _boxes(head.boxes, evidence),
    )


def _boxes(boxes: Boxes, evidence: Evidence) -> Boxes:
    scales = tuple(
        replace(
            scale,
            classes=_columns(scale.classes, evidence),
            coordinates=_columns(scale.coordinates, evidence),
            objectness=_columns(scale.objectness, evidence),
            points=_columns(scale.points, evidence),
            numbers=_columns(scale.numbers, evidence),
        )
        for scale in boxes.scales
    )
    return replace(boxes, scales=scales)


def _columns(columns: Columns | None, evidence: Evidence) -> Columns | None:
    if columns is None:
        return None
    return replace(columns, axis=_moved(columns.axis, columns.output, evidence))


def _moved(axis: int | None, tensor: str, evidence: Evidence) -> int | None:
    """Count an axis below 0 past the axis of images, where that stands behind it; the first is never counted."""
    shape = evidence.context.shapes.get(tensor, ())
    batch = evidence.batch_axis(tensor, shape)
    if axis is None or not batch:
        return axis
    return axis - 1 if axis + len(shape) - 1 < batch else axis
