"""The head of an output with classes: where they stand before and after the last activation."""

from __future__ import annotations

from inspector.model.heads.evidence import Evidence
from inspector.model.heads.head import Head
from inspector.model.heads.shapes import Form
from inspector.types.layers import Dim


def scored(evidence: Evidence, name: str, form: Form, *, meaning: str) -> Head:
    """Return the head of an output whose classes stand along the form's axis.

    What is explained are the scores before the last activation; where they are not known, or stand in another order,
    the output itself.
    """
    ending = evidence.endings[name]
    known = ending.range
    are_probabilities = known.sums_to_one or (known.are_fractions and ending.activation != "softmax")
    scores, axis, rank, activation = name, form.axis, len(form.shape), "none"
    if ending.activation != "none" and (found := _axis_of_scores(evidence, name, form)) is not None:
        scores, activation = ending.scores, ending.activation
        axis, rank = found
    if known.log_axis is not None and activation == "none":
        activation = "log_softmax"
    size = form.shape[form.axis] if form.axis is not None else 1
    return Head(
        output=name,
        meaning=meaning,
        scores=scores,
        activation=activation,
        holds_probabilities=are_probabilities,
        axis=None if axis is None else axis - rank,
        output_axis=None if form.axis is None else form.axis - len(form.shape),
        classes=size if isinstance(size, int) else None,
        is_set=size == 1 or "sigmoid" in activation or (known.are_fractions and not known.sums_to_one),
        is_measured=activation == "none" and not ending.is_linear and not are_probabilities,
    )


def _axis_of_scores(evidence: Evidence, name: str, form: Form) -> tuple[int | None, int] | None:
    """Return the axis of classes in the scores, and how many axes these have, the batch axis not counted.

    None where they are not the output's classes in the same order.
    """
    tensor, softmax = evidence.endings[name].scores, evidence.endings[name].axis
    shape = evidence.context.shapes.get(tensor)
    if shape is None:
        return None
    own, rank = evidence.without_batch(tensor, shape), len(shape)
    if form.axis is None:
        return None, len(own)
    size = form.shape[form.axis]
    roles = evidence.roles.get(tensor, ())
    channel = roles.index("C") if len(roles) == rank and roles.count("C") == 1 else None
    axes = [evidence.own_axis(tensor, shape, axis) for axis in (softmax, channel)]
    for axis in (axes[0], form.axis if own == form.shape else None, *_alone(own, size), axes[1]):
        if axis is not None and axis < len(own) and own[axis] == size:
            return axis, len(own)
    return None


def _alone(shape: tuple[Dim, ...], size: Dim) -> list[int]:
    """Return the only axis of that size; of the size 1 the first, where all are."""
    same = [axis for axis, one in enumerate(shape) if one == size]
    return same[:1] if len(same) == 1 or (size == 1 and len(same) == len(shape)) else []
