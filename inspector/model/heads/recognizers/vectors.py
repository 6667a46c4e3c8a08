"""Vectors and single numbers: classes, sets of labels, one score, values, points, embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from inspector.model.heads.ending import Ending
from inspector.model.heads.evidence import Evidence
from inspector.model.heads.head import CLASSES, EMBEDDING, LABELS, POINTS, SCORE, UNKNOWN, VALUES, Head
from inspector.model.heads.reading import scored
from inspector.model.heads.recognizer import recognizer
from inspector.model.heads.shapes import Form, form_of
from inspector.operators.twins import float_operator

_COUNTS = (1000, 1001, 365, 21841, 11221)
"""Classes of well-known sets of photographs."""
_WIDE = 64
"""An embedding has at least so many numbers."""


@recognizer(50)
def vectors(evidence: Evidence, unread: Sequence[str]) -> Iterable[Head]:
    """Read outputs whose numbers stand along one axis, or two (places, and the classes of each)."""
    for name in unread:
        form = form_of(evidence, name)
        if len(form.wide) <= 1:
            yield _vector(evidence, name, form)
        elif len(form.wide) == 2 and not form.is_map:
            yield _rows(evidence, name, form)


def _vector(evidence: Evidence, name: str, form: Form) -> Head:
    ending = evidence.endings[name]
    known, count = ending.range, form.channels
    is_chosen = "softmax" in ending.activation or known.sums_to_one or known.log_axis is not None
    if is_chosen and count != 1:
        return scored(evidence, name, form, meaning=CLASSES)
    if known.unit_axis is not None:
        return replace(_plain(name, EMBEDDING, count), scores=_before_norm(evidence, name), activation="unit")
    if count == 1:
        return _one(evidence, name, form, ending)
    meaning = _named(evidence, name, count)
    if meaning is not None and meaning != CLASSES:
        return _plain(name, meaning, count)
    if ending.activation == "sigmoid" or known.are_fractions:
        return scored(evidence, name, form, meaning=LABELS)
    if evidence.named_classes is not None and count in (evidence.named_classes, evidence.named_classes + 1):
        return scored(evidence, name, form, meaning=CLASSES)
    if known.low >= -1 and known.high <= 1:
        return _plain(name, VALUES if (count or 0) < _WIDE else EMBEDDING, count)
    if meaning == CLASSES:
        return scored(evidence, name, form, meaning=CLASSES)
    return _unnamed(evidence, name, form, ending)


def _unnamed(evidence: Evidence, name: str, form: Form, ending: Ending) -> Head:
    """Read a vector of which neither file nor graph says what it is."""
    count = form.channels
    node = evidence.values[name].producer()
    is_normalized = node is not None and float_operator(node) == "BatchNormalization"
    if (count or 0) >= _WIDE and count not in _COUNTS and (is_normalized or _is_pooled(ending, count)):
        taken = "read as an embedding, because no layer of classes stands at the end"
        return replace(_plain(name, EMBEDDING, count), guess=f"Output {name!r} is {taken}.")
    guess = (
        f"Nothing in the file says what the {count or 'several'} numbers of output {name!r} are; they are read as "
        "scores of classes."
    )
    return replace(scored(evidence, name, form, meaning=CLASSES), guess=guess)


def _is_pooled(ending: Ending, count: int | None) -> bool:
    """Return whether pooled features come out as they are: none is negative."""
    return ending.range.low >= 0 and not ending.range.are_fractions and (count or 0) % 8 == 0


def _one(evidence: Evidence, name: str, form: Form, ending: Ending) -> Head:
    """Read one number per image: a score only where a Sigmoid, names of classes or its own name say so."""
    if evidence.says(name, "values") and ending.activation == "none":
        return _plain(name, VALUES, 1)
    if ending.activation == "sigmoid" or ending.range.are_fractions:
        return scored(evidence, name, form, meaning=SCORE)
    if evidence.named_classes in (1, 2) or evidence.says(name, "classes"):
        guess = (
            f"The one number of output {name!r} is read as a score, of which the Sigmoid is the probability."
        )
        return replace(scored(evidence, name, form, meaning=SCORE), guess=guess)
    return _plain(name, VALUES, 1)


def _named(evidence: Evidence, name: str, count: int | None) -> str | None:
    """Return what an output's name says that it is."""
    if evidence.named_classes is not None and count == evidence.named_classes:
        return CLASSES
    if evidence.says(name, "points") and ((count or 1) % 2 == 0 or (count or 1) % 3 == 0):
        return POINTS
    if evidence.says(name, "classes"):
        return CLASSES
    if evidence.says(name, "values"):
        return VALUES
    return EMBEDDING if evidence.says(name, "embedding") and (count or 0) > 1 else None


def _rows(evidence: Evidence, name: str, form: Form) -> Head:
    """Read several places with numbers each: characters of a line, points, tokens."""
    ending, count = evidence.endings[name], form.channels
    is_likely = ending.activation != "none" or ending.range.are_fractions or ending.range.log_axis is not None
    if evidence.says(name, "points") or (
        count in (2, 3) and not is_likely and evidence.named_classes != count
    ):
        return _plain(name, POINTS, count)
    if is_likely:
        return scored(evidence, name, form, meaning=LABELS if _is_set(ending) else CLASSES)
    if evidence.named_classes == count or evidence.says(name, "classes"):
        return scored(evidence, name, form, meaning=CLASSES)
    rows = form.shape[0]
    if ending.is_linear and not (isinstance(rows, int) and isinstance(count, int) and count > 16 * rows):
        guess = f"Nothing in the file says what output {name!r} is; each of its rows is read as scores of classes."
        return replace(scored(evidence, name, form, meaning=CLASSES), guess=guess)
    return _plain(name, UNKNOWN, None)


def _is_set(ending: Ending) -> bool:
    return ending.activation == "sigmoid" or (ending.range.are_fractions and not ending.range.sums_to_one)


def _before_norm(evidence: Evidence, name: str) -> str:
    """Return the tensor that an output is, divided by its norm."""
    value = evidence.values[name]
    for _ in range(8):
        node = value.producer()
        if node is None or not node.inputs or node.inputs[0] is None:
            return name
        value = node.inputs[0]
        if node.op_type in ("Div", "LpNormalization"):
            return value.name or name
    return name


def _plain(name: str, meaning: str, count: int | None) -> Head:
    return Head(output=name, meaning=meaning, scores=name, classes=count if meaning == VALUES else None)
