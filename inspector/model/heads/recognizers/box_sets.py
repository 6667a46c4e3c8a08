"""Detectors with coordinates and classes in outputs of their own: SSD, RetinaFace, YuNet, SCRFD, BlazeFace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inspector.model.heads.evidence import Evidence
from inspector.model.heads.grids import stride_of
from inspector.model.heads.head import BOXES, Boxes, Columns, Head, Scale
from inspector.model.heads.recognizer import recognizer
from inspector.types.layers import Dim

_LAST_IS_NOTHING = (92,)
"""Columns of DETR: COCO's 91 numbers of classes, and no object."""
_FEWEST = 4
"""Boxes, so that they are some: what answers about one face, with a box and a class, is no detector."""


@dataclass
class _Set:
    """Outputs with one box after the other in the same order."""

    boxes: Dim | tuple[Dim, ...]
    """How many, or how they stand in maps."""
    parts: dict[str, tuple[str, int | None, int]] = field(default_factory=dict)
    """By role: an output, the axis of its columns, and how many there are."""


@recognizer(15)
def box_sets(evidence: Evidence, unread: Sequence[str]) -> Iterable[Head]:
    """Read outputs that belong together, because they have as many boxes, or a stride in their names."""
    sets = [one for one in _sets(evidence, unread) if {"coordinates"} & one.parts.keys()]
    sets = [one for one in sets if {"classes", "objectness"} & one.parts.keys() and _is_sure(evidence, one)]
    widths = {one.parts["classes"][2] for one in sets if "classes" in one.parts}
    if not sets or len(widths) > 1:
        return []
    count = widths.pop() if widths else 1
    background, guess = _background(evidence, sets, count)
    boxes = Boxes(
        scales=tuple(_scale(evidence, one) for one in sets),
        coding=_coding(evidence, sets),
        background=background,
        confidence="root"
        if all({"classes", "objectness"} <= one.parts.keys() for one in sets)
        else "product",
    )
    return [
        Head(
            output=name,
            meaning=BOXES,
            part=role,
            scores=evidence.endings[name].scores if role in ("classes", "objectness") else name,
            activation=evidence.endings[name].activation,
            boxes=boxes,
            classes=count if role == "classes" else None,
            background=background,
            guess=guess,
        )
        for one in sets
        for role, (name, _, _) in one.parts.items()
    ]


def _sets(evidence: Evidence, unread: Sequence[str]) -> list[_Set]:
    """Return the outputs by how many boxes they have; where that is free, by the number that ends their names."""
    found: dict[object, _Set] = {}
    for name in unread:
        shape = evidence.shape(name)
        if "float" not in next(one.dtype for one in evidence.outputs if one.name == name):
            continue
        axis: int | None
        boxes: Dim | tuple[Dim, ...]
        if len(shape) == 2 and isinstance(shape[1], int):
            axis, boxes, width = -1, shape[0], shape[1]
        elif len(shape) == 1 and isinstance(shape[0], int) and shape[0] >= _FEWEST:
            axis, boxes, width = None, shape[0], 1
        elif len(shape) == 3 and isinstance(shape[2], int) and evidence.roles.get(name, ())[-1:] == ("C",):
            axis, boxes, width = -1, shape[:2], shape[2]
        elif len(shape) == 3 and isinstance(shape[0], int):  # maps of one box per place
            axis, boxes, width = -3, shape[1:], shape[0]
        else:
            continue
        if isinstance(boxes, int) and boxes < _FEWEST:
            continue
        key = _number_at_end(name) if isinstance(boxes, str) or boxes is None else boxes
        role = _role(evidence, name, width)
        if role is not None and role not in found.setdefault(key, _Set(boxes)).parts:
            found[key].parts[role] = (name, axis, width)
    return list(found.values())


def _is_sure(evidence: Evidence, one: _Set) -> bool:
    """Return whether maps are those of boxes: by their name, or two classes beside four numbers, as in PNet."""
    if not isinstance(one.boxes, tuple):
        return True
    name, _, width = one.parts["coordinates"]
    classes = one.parts.get("classes", ("", None, 0))
    is_pair = classes[2] == 2 and evidence.endings[classes[0]].activation == "softmax"
    return width == 4 and (evidence.says(name, "boxes") or is_pair)


def _number_at_end(name: str) -> str:
    return name[len(name.rstrip("0123456789")) :]


def _role(evidence: Evidence, name: str, width: int) -> str | None:
    """Return what an output has per box: by its name, by what it was made by, then by how many numbers there are."""
    is_likely = evidence.endings[name].activation != "none" or evidence.endings[name].range.are_fractions
    if width == 1 and evidence.says(name, "objectness"):
        return "objectness"
    if evidence.says(name, "points") and width % 2 == 0:
        return "points"
    if evidence.says(name, "boxes") and width >= 4:
        return "coordinates"
    if evidence.says(name, "scores"):
        return "classes"
    if is_likely and width != 4:
        return "classes"
    if width in (4, 16, 18) and not is_likely:
        return "coordinates"
    if width in (10, 15):
        return "points"
    return "classes" if width != 4 or is_likely else "coordinates"


def _scale(evidence: Evidence, one: _Set) -> Scale:
    parts: dict[str, Columns] = {}
    for role, (name, axis, width) in one.parts.items():
        stop = 4 if role == "coordinates" and width in (4, 16, 18) else width
        parts[role] = Columns(
            output=name, axis=axis, stop=stop, activation=_activation(evidence, name, width)
        )
    scale = Scale(**_all_parts(parts), stride=_stride(evidence, one))
    name, axis, width = one.parts.get("coordinates", ("", 0, 0))
    if width in (16, 18) and scale.points is None:
        scale = replace(scale, points=Columns(output=name, axis=axis, start=4))
    return scale


def _all_parts(parts: Mapping[str, Columns]) -> dict[str, Columns | None]:
    return {role: parts.get(role) for role in ("classes", "coordinates", "objectness", "points")}


def _activation(evidence: Evidence, name: str, width: int) -> str:
    ending = evidence.endings[name]
    if ending.activation in ("softmax", "sigmoid"):
        return ending.activation
    if ending.range.are_fractions:
        return "softmax" if ending.range.sums_to_one else "sigmoid"
    named = len(evidence.names or ())
    is_one_of = width == 2 or named == width - 1 or (not named and width in _LAST_IS_NOTHING)
    return "logits" if is_one_of and width > 1 else "none"


def _stride(evidence: Evidence, one: _Set) -> int | None:
    name = one.parts["coordinates"][0]
    digits = _number_at_end(name)
    if digits and int(digits) in (4, 8, 16, 32, 64, 128):
        return int(digits)
    return stride_of(evidence, one.boxes)


def _background(evidence: Evidence, sets: Sequence[_Set], count: int) -> tuple[int | None, str | None]:
    """Return the column that says that there is nothing, and the sentence where it is a guess.

    Columns of which exactly one holds need one for places without an object.
    """
    names = [one.parts["classes"][0] for one in sets if "classes" in one.parts]
    kinds = {_activation(evidence, name, count) for name in names}
    named = evidence.names or ()
    if any(word in named[0].lower() for word in ("background", "bg")) if named else False:
        return 0, None
    if kinds == {"logits"} and count > 2 and (len(named) == count - 1 or count in _LAST_IS_NOTHING):
        return (
            count - 1,
            None if named else f"Class {count - 1} of output {names[0]!r} is taken for no object.",
        )
    if count < 2 or not kinds <= {"softmax", "logits"} or len(named) == count:
        return None, None
    if count == 2 or len(named) == count - 1:
        return 0, None
    return (
        0,
        f"Class 0 of output {names[0]!r} is taken for the background, which is never named as an object.",
    )


def _coding(evidence: Evidence, sets: Sequence[_Set]) -> str:
    first = sets[0]
    roles = first.parts.keys()
    width = first.parts["coordinates"][2]
    raw = evidence.endings[first.parts["coordinates"][0]].is_linear
    has_strides = all(_stride(evidence, one) is not None for one in sets)
    if {"classes", "objectness", "points"} <= roles and width == 4:
        return "yunet"
    if width in (16, 18):
        return "anchor_centers"
    if has_strides and len(sets) > 1 and width == 4:
        return "distances"
    if width > 18 and width % 4 == 0:
        return "bins"
    return "unknown" if raw and not _is_decoded(evidence, first) else "measured"


def _is_decoded(evidence: Evidence, one: _Set) -> bool:
    """Return whether the graph computes with the coordinates after the last layer, so that they are no offsets."""
    value = evidence.values[one.parts["coordinates"][0]]
    for _ in range(12):
        node = value.producer()
        if node is None:
            return False
        if node.op_type in ("Mul", "Exp", "Div", "Sub", "Sigmoid", "NonMaxSuppression", "Pow"):
            return True
        if node.op_type in ("Conv", "Gemm", "MatMul") or not node.inputs or node.inputs[0] is None:
            return False
        value = node.inputs[0]
    return False
