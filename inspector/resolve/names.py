"""The name of a class."""

from __future__ import annotations

from inspector.model.heads.head import Head
from inspector.model.spec import OnnxModel


def labels_of(model: OnnxModel, head: Head) -> tuple[str, ...] | None:
    """Return the name of each class of an output, by index; None where they have none."""
    count = head.classes if head.classes is not None else len(model.labels or ())
    found = [label_of(model, head, index) for index in range(count)]
    if not any(found):
        return None
    return tuple("" if one is None else one for one in found)


def label_of(model: OnnxModel, head: Head, index: int) -> str | None:
    """Return the name of a class of an output; a background without a name moves the others by one."""
    labels, place = model.labels or (), index
    classes = head.classes
    if classes is not None and len(labels) != classes:
        if head.background is None or len(labels) != classes - 1 or index == head.background:
            return None
        place = index - (index > head.background)
    return labels[place] if 0 <= place < len(labels) else None


def owner_of_classes(model: OnnxModel, head: Head) -> str:
    """Return what has classes, for errors: the model, or one of its outputs."""
    outputs = [output.name for output in model.outputs]
    if len(outputs) == 1:
        return "the model"
    return f"output {head.output!r} (of {', '.join(map(repr, outputs))})"
