"""Maps over the image: classes per place, one foreground, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from inspector.model.heads.columns import RAW, pieces_of
from inspector.model.heads.ending import Ending
from inspector.model.heads.evidence import Evidence
from inspector.model.heads.head import CLASS_MAP, PICTURE, POINTS, UNKNOWN, Head
from inspector.model.heads.reading import scored
from inspector.model.heads.recognizer import recognizer
from inspector.model.heads.shapes import Form, form_of

_COLORS = (1, 3, 4)
_MOST_CLASSES = 256


@recognizer(45)
def maps(evidence: Evidence, unread: Sequence[str]) -> Iterable[Head]:
    """Read outputs with rows and columns of the image."""
    for name in unread:
        form = form_of(evidence, name)
        if form.is_map or (len(form.wide) > 2 and len(form.shape) > 2):
            yield _map(evidence, name, form)


def _map(evidence: Evidence, name: str, form: Form) -> Head:
    ending = evidence.endings[name]
    known, dtype = ending.range, next(one.dtype for one in evidence.outputs if one.name == name)
    named = evidence.named_classes is not None and form.channels in (
        evidence.named_classes,
        evidence.named_classes + 1,
    )
    plain = Head(output=name, meaning=PICTURE, scores=_before_rounding(evidence, name))
    if "softmax" in ending.activation or known.sums_to_one or known.log_axis is not None or named:
        return _class_map(evidence, name, form)
    if evidence.says(name, "heat"):
        return replace(scored(evidence, name, form, meaning=POINTS), activation=ending.activation)
    if dtype == "uint8" or evidence.says(name, "picture"):
        return plain
    if evidence.says(name, "map"):
        return _class_map(evidence, name, form)
    if not form.is_map:
        return (
            replace(plain, meaning=UNKNOWN)
            if ending.activation == "none"
            else _class_map(evidence, name, form)
        )
    if _larger(evidence, form) and form.channels in _COLORS:
        return plain
    if form.channels == 1:
        return _lone(evidence, name, form, ending)
    if form.channels == 3 and _as_large(evidence, form):
        taken = "read as a picture: it has three channels and the image's size; nothing in the file says so."
        return replace(plain, guess=f"Output {name!r} is {taken}")
    if ending.activation == "sigmoid" or known.are_fractions:
        return _class_map(evidence, name, form)
    pieces = (
        None
        if form.axis is None
        else pieces_of(evidence.values[name], _axis(evidence, name, form), evidence.context)
    )
    is_one_layer = pieces is not None and len(pieces) == 1 and pieces[0].origin == RAW
    if ending.is_linear and is_one_layer and (form.channels or 0) <= _MOST_CLASSES:
        guess = (
            f"Nothing in the file says what the channels of output {name!r} are; they are read as scores of "
            "classes."
        )
        return replace(_class_map(evidence, name, form), guess=guess)
    return replace(plain, meaning=UNKNOWN)


def _before_rounding(evidence: Evidence, name: str) -> str:
    """Return the tensor before an output was made whole numbers of, which pass no gradient."""
    value = evidence.values[name]
    while (node := value.producer()) is not None and node.op_type in _ROUNDING and node.inputs[0] is not None:
        value = node.inputs[0]
    return value.name or name


_ROUNDING = ("Cast", "Round", "Floor", "Clip", "Identity")


def _axis(evidence: Evidence, name: str, form: Form) -> int:
    """Return the axis of channels, the batch axis counted."""
    return evidence.whole_axis(name, form.axis or 0)


def _lone(evidence: Evidence, name: str, form: Form, ending: Ending) -> Head:
    """Read one number per place: a foreground, or a picture without colors."""
    if ending.activation == "sigmoid" or ending.range.are_fractions:
        return _class_map(evidence, name, form)
    if ending.range.low > -2 or _adds_the_image(evidence, name):
        return Head(output=name, meaning=PICTURE, scores=name)
    guess = (
        f"Output {name!r} has one number per place; it is read as the score of a foreground, which is there where the "
        "number is positive."
    )
    return replace(_class_map(evidence, name, form), guess=guess)


def _class_map(evidence: Evidence, name: str, form: Form) -> Head:
    head = scored(evidence, name, form, meaning=CLASS_MAP)
    names = evidence.names or ()
    if (
        names
        and len(names) == head.classes
        and names[0].lower().strip("_ ") in ("background", "bg", "unlabeled")
    ):
        return replace(head, background=0)
    if head.classes == 2 and not names and head.activation != "sigmoid":
        guess = f"Class 0 of output {name!r} is taken for the background, which is never named first."
        return replace(head, background=0, guess=guess)
    return head


def _as_large(evidence: Evidence, form: Form) -> bool:
    return _ratio(evidence, form) == 1


def _larger(evidence: Evidence, form: Form) -> bool:
    ratio = _ratio(evidence, form)
    return ratio is not None and ratio > 1


def _ratio(evidence: Evidence, form: Form) -> float | None:
    """Return how much higher a map is than the image; None where unknown."""
    rows = form.shape[form.rows] if form.rows is not None else None
    if not isinstance(rows, int) or not evidence.image.height:
        return None
    return rows / evidence.image.height


def _adds_the_image(evidence: Evidence, name: str) -> bool:
    """Return whether the output is the image itself and something added: a residual network that restores pictures."""
    value = evidence.values[name]
    for _ in range(4):
        node = value.producer()
        if node is None:
            return False
        if node.op_type in ("Add", "Sub") and any(
            one is not None and one.name == evidence.image.name for one in node.inputs
        ):
            return True
        if node.op_type not in ("Clip", "Cast", "Identity", "Mul", "Div") or node.inputs[0] is None:
            return False
        value = node.inputs[0]
    return False
