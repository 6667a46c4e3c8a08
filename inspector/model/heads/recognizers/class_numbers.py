"""Outputs that hold numbers of classes, without their scores: an ArgMax, and whole numbers in a map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from inspector.model.heads.evidence import Evidence
from inspector.model.heads.head import CLASS_NUMBERS, Head
from inspector.model.heads.recognizer import recognizer
from inspector.model.heads.shapes import form_of


@recognizer(40)
def class_numbers(evidence: Evidence, unread: Sequence[str]) -> Iterable[Head]:
    """Read what an ArgMax made, whatever it was cast to, by the scores before it; and other whole numbers."""
    for name in unread:
        ending = evidence.endings[name]
        dtype = next(one.dtype for one in evidence.outputs if one.name == name)
        if ending.argument_axis is not None:
            yield _before(evidence, name)
        elif "int" in dtype and dtype != "uint8":
            yield Head(output=name, meaning=CLASS_NUMBERS, scores=name)


def _before(evidence: Evidence, name: str) -> Head:
    """Return the head of class numbers whose scores the graph holds."""
    ending = evidence.endings[name]
    shape = evidence.context.shapes.get(ending.scores)
    head = Head(output=name, meaning=CLASS_NUMBERS, scores=ending.scores)
    if shape is None or ending.argument_axis is None:
        return head
    without = evidence.without_batch(ending.scores, shape)
    axis = evidence.own_axis(ending.scores, shape, ending.argument_axis)
    if axis is None or axis >= len(without):
        return head
    size = without[axis]
    count = size if isinstance(size, int) else None
    return replace(
        head,
        activation=ending.activation,
        axis=axis - len(without),
        classes=count,
        is_set=ending.activation == "sigmoid",
        background=0 if count == 2 and form_of(evidence, name).is_map else None,
    )
