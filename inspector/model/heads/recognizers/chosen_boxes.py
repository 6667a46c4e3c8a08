"""Detectors that choose in the graph (end-to-end NMS): few boxes, each with one score and the number of its class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inspector.model.heads.evidence import Evidence, words_of
from inspector.model.heads.head import BOXES, Boxes, Columns, Head, Scale
from inspector.model.heads.recognizer import recognizer

_MOST = 1000
"""Boxes that such a model gives; raw anchors are more."""

_NUMBERS = ("classes", "class", "labels", "label", "category", "categories", "cls", "ids")


@recognizer(10)
def chosen_boxes(evidence: Evidence, unread: Sequence[str]) -> Iterable[Head]:
    """Read (boxes, scores, classes) in outputs of their own, (n, 5) with labels, and rows of 6 or 7 numbers."""
    return _rows(evidence, unread) or _in_outputs(evidence, unread)


def _columns_last(evidence: Evidence, name: str) -> tuple[int, int] | None:
    """Return how many numbers each row of an output has, and how many axes are before them, the batch aside."""
    given = next(one.shape for one in evidence.outputs if one.name == name)
    if not given or not isinstance(given[-1], int):
        return None
    count = given[-1]
    batched = len(given) >= 3
    return count, len(given) - 1 - batched


def _rows(evidence: Evidence, unread: Sequence[str]) -> list[Head]:
    """(1, 300, 6): corners, score, class (YOLOv10, YOLO26, DETRs); (n, 7): image, corners, class, score (YOLOv7)."""
    wide = [name for name in unread if (found := _columns_last(evidence, name)) and found == (found[0], 1)]
    for name in wide:
        count = evidence.shape(name)[-1] if evidence.shape(name) else None
        given = next(one.shape for one in evidence.outputs if one.name == name)
        several = len(given) == 3 and (not isinstance(given[1], int) or 1 < given[1] <= _MOST)
        free = len(given) == 2 and not isinstance(given[0], int)
        if count == 7 and free:
            scale = Scale(
                classes=None,
                coordinates=Columns(output=name, axis=-1, start=1, stop=5),
                numbers=Columns(output=name, axis=-1, start=5, stop=6),
                objectness=Columns(output=name, axis=-1, start=6, stop=7, activation="sigmoid"),
            )
        elif count == 6 and (several or free) and _follows_choice(evidence, name):
            scale = Scale(
                classes=None,
                coordinates=Columns(output=name, axis=-1, start=0, stop=4),
                objectness=Columns(output=name, axis=-1, start=4, stop=5, activation="sigmoid"),
                numbers=Columns(output=name, axis=-1, start=5, stop=6),
            )
        else:
            continue
        boxes = Boxes(scales=(scale,), coding="corners")
        return [_head(name, "all", boxes, evidence)]
    return []


def _follows_choice(evidence: Evidence, name: str) -> bool:
    """Return whether boxes were chosen on the way to an output."""
    seen: set[int] = set()
    pending = [evidence.values[name]]
    while pending and len(seen) < 200:
        node = pending.pop().producer()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if (
            node.op_type in ("NonMaxSuppression", "TopK", "GatherND", "GatherElements")
            or "NMS" in node.op_type
        ):
            return True
        pending += [value for value in node.inputs if value is not None]
    return False


def _in_outputs(evidence: Evidence, unread: Sequence[str]) -> list[Head]:
    found: dict[str, str] = {}
    for name in unread:
        given = next(one for one in evidence.outputs if one.name == name)
        is_whole, words, last = "int" in given.dtype, words_of(name), given.shape[-1] if given.shape else None
        if last in (4, 5) and len(given.shape) >= 2 and evidence.says(name, "boxes"):
            found.setdefault("coordinates", name)
        elif evidence.says(name, "number") and (last == 1 or len(given.shape) < 2):
            found.setdefault("count", name)
        elif set(words) & set(_NUMBERS) and len(given.shape) <= 2 and (is_whole or "score" not in words):
            found.setdefault("numbers", name)
        elif evidence.says(name, "scores") and len(given.shape) <= 2:
            found.setdefault("objectness", name)
    coordinates, numbers = found.get("coordinates"), found.get("numbers")
    if coordinates is None or (numbers is None and not _follows_choice(evidence, coordinates)):
        return []
    width = next(one.shape[-1] for one in evidence.outputs if one.name == coordinates)
    score = found.get("objectness")
    if score is None and width == 5:
        objectness = Columns(output=coordinates, axis=-1, start=4, stop=5, activation="sigmoid")
    elif score is not None and width == 4:
        objectness = Columns(output=score, axis=None, activation="sigmoid")
    else:
        return []
    scale = Scale(
        classes=None,
        coordinates=Columns(output=coordinates, axis=-1, start=0, stop=4),
        objectness=objectness,
        numbers=Columns(output=numbers, axis=None) if numbers is not None else None,
    )
    # TensorFlow's detection API gives ymin, xmin, ymax, xmax.
    coding = "corners_yx" if "detection" in words_of(coordinates) else "corners"
    boxes = Boxes(scales=(scale,), coding=coding)
    parts = {"coordinates": "all" if score is None else "coordinates", "objectness": "classes"}
    return [_head(name, parts.get(role, role), boxes, evidence) for role, name in found.items()]


def _head(name: str, part: str, boxes: Boxes, evidence: Evidence) -> Head:
    return Head(
        output=name,
        meaning=BOXES,
        part=part,
        scores=name,
        boxes=boxes,
        classes=evidence.named_classes or (1 if boxes.scales[0].numbers is None else None),
        holds_probabilities=True,
    )
