"""Which box a class target means on one image, and the number that is explained there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.engine.sized import shapes_of
from inspector.errors import InvalidInputError
from inspector.graph.elements import trace_elements
from inspector.model.heads.head import Boxes, Head
from inspector.resolve.boxes.detections import Detections
from inspector.resolve.boxes.elements import class_elements
from inspector.resolve.chosen import Chosen, chosen
from inspector.resolve.classes import first_free
from inspector.resolve.finite import is_choosable, no_choice, nothing_found
from inspector.resolve.labels import index_of_label
from inspector.resolve.names import label_of, labels_of, owner_of_classes
from inspector.resolve.required import require_class, require_position
from inspector.types.arrays import Array
from inspector.types.layouts import batched, spatial_sizes
from inspector.types.targets import Class


def box_tensors(head: Head) -> tuple[str, ...]:
    """Return the outputs that boxes are read from."""
    return tuple(dict.fromkeys(part.output for scale in head.layout.scales for part in scale.parts))


def choose_box(
    run: Run, x: Array, target: Class, *, image: int, besides: Collection[int] = frozenset()
) -> Chosen:
    """Choose a class and a box on a (1, …) image, and what says there that the box shows the class.

    Where the class is open, it is none of `besides`.

    That is the class's number before a final Sigmoid or Softmax, where the box was computed: at its own scale.
    NotFoundError where class or position are out of range, InvalidInputError where there is no box at all.
    """
    engine = run.engine
    head = engine.head_of(target.output)
    _require_classes(head)
    known = class_elements(engine, head.layout, x.shape[1:])
    before = list(dict.fromkeys(tensor for one in known.values() for tensor in one.traced.tensors))
    found = run.forward_once(x, tuple(dict.fromkeys([*box_tensors(head), *before])), sources=before)
    seen = detections_of(engine, head, found, 0, x)
    if not seen.count:
        raise nothing_found("a box")
    index, box = _chosen(engine, head, target, seen, besides)
    output, place = seen.element(box, index)
    elements = known.get(output)
    if elements is not None and elements.shape == found[output].shape[1:]:
        traced = elements[place]
        activation = found[traced.tensor][0]
    else:
        traced = trace_elements(
            engine.model.ir,
            output,
            np.asarray([place]),
            shapes=shapes_of(engine, x.shape[1:]),
            through_activation=True,
        )
        activation = run.forward(x, [traced.tensor])[traced.tensor][0]
    tensor, places = traced.tensor, traced.places
    if places.max() >= activation.size:  # a shape that was inferred is not the runtime's
        tensor, places, activation = output, np.asarray([place]), found[output][0]
    named, position = seen.place_of(box)
    return chosen(
        activation,
        places,
        kind="class",
        tensor=tensor,
        output=named,
        channel=index,
        position=position,
        label=label_of(engine.model, head, index),
        image=image,
    )


def detections_of(engine: Engine, head: Head, found: dict[str, Array], row: int, x: Array) -> Detections:
    """Return the boxes of one image of (N, …) `x`, whose size may be free."""
    sides = spatial_sizes(x.shape, batched(engine.model.input.layout))
    size = (sides[-2], sides[-1]) if len(sides) > 1 else (1, 1)
    own = {name: found[name][row] for name in box_tensors(head)}
    return Detections(_layout(head), own, size, known_classes=head.classes)


def _layout(head: Head) -> Boxes:
    """Return how boxes are read; where the output of objectness is named, by that alone."""
    if head.part != "objectness" or any(scale.numbers is not None for scale in head.layout.scales):
        return head.layout
    named = (scale for scale in head.layout.scales if any(one.output == head.output for one in scale.parts))
    scales = tuple(replace(scale, classes=None) for scale in named)
    return replace(head.layout, scales=scales, background=None)


def _require_classes(head: Head) -> None:
    if head.part in ("coordinates", "points", "numbers", "count"):
        raise InvalidInputError(
            f"Output {head.output!r} holds the boxes' {head.part}, and no classes. For a class leave the output out; "
            f"for one of its numbers give Element({head.output!r}, index).",
            reason="NO_CLASSES",
            field="output",
        )


def _chosen(
    engine: Engine, head: Head, target: Class, seen: Detections, besides: Collection[int]
) -> tuple[int, int]:
    """Return the class and the box."""
    sure = seen.confidences
    if not is_choosable(sure):
        raise no_choice("the surest box")
    if besides and target.index is None and target.label is None:
        first_free(range(len(sure)), besides)  # one there must be
        sure = np.where(np.isin(np.arange(len(sure)), list(besides))[:, None], -1, sure)
    index = target.index
    if target.label is not None:
        owner = owner_of_classes(engine.model, head)
        index = index_of_label(target.label, labels_of(engine.model, head), what=owner)
    if index is not None:
        require_class(engine.model, head, index, count=len(sure))
    if target.position is not None:
        box = seen.boxes_of(target.output)[_numbered(target, seen)]
        return (int(sure[:, box].argmax()) if index is None else index), int(box)
    boxes = None if target.output is None else seen.boxes_of(target.output)
    shown = sure if boxes is None else sure[:, boxes]
    if index is None:
        index = int(shown.max(axis=1).argmax())
    place = int(shown[index].argmax())
    return index, place if boxes is None else int(boxes[place])


def _numbered(target: Class, seen: Detections) -> int:
    """Return which box of an output a position names."""
    places, position = seen.places(target.output), target.position or ()
    if places is None:
        names = ", ".join(repr(scale.holder.output) for scale in seen.boxes.scales)
        raise InvalidInputError(
            f"The model's boxes stand in several outputs; name the one that the position {position} is in: {names}.",
            reason="MISSING",
            field="output",
        )
    require_position(position, places, of="the boxes")
    return int(np.ravel_multi_index(position, places))
