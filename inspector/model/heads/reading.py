"""The head of an output with classes: where they stand before and after the last activation."""

from __future__ import annotations

from inspector.model.heads.evidence import Evidence, without_batch
from inspector.model.heads.head import Head
from inspector.model.heads.shapes import Form


def scored(evidence: Evidence, name: str, form: Form, *, meaning: str) -> Head:
    """Return the head of an output whose classes stand along the form's axis.

    What is explained are the scores before the last activation; where they are not known, or stand in another order,
    the output itself.
    """
    ending = evidence.endings[name]
    known = ending.range
    are_probabilities = known.sums_to_one or (known.are_fractions and ending.activation != "softmax")
    scores, axis, activation = name, form.axis, "none"
    if ending.activation != "none" and (found := _axis_of_scores(evidence, name, form)) is not None:
        scores, axis, activation = ending.scores, found[0], ending.activation
    if known.log_axis is not None and activation == "none":
        activation = "log_softmax"
    size = form.shape[form.axis] if form.axis is not None else 1
    return Head(
        output=name,
        meaning=meaning,
        scores=scores,
        activation=activation,
        holds_probabilities=are_probabilities,
        axis=axis,
        output_axis=form.axis,
        classes=size if isinstance(size, int) else None,
        is_set=size == 1 or "sigmoid" in activation or (known.are_fractions and not known.sums_to_one),
        is_measured=activation == "none" and not ending.is_linear and not are_probabilities,
    )


def _axis_of_scores(evidence: Evidence, name: str, form: Form) -> tuple[int | None] | None:
    """Return the axis of classes in the scores; None where they are not the output's classes in the same order."""
    ending = evidence.endings[name]
    shape = evidence.context.shapes.get(ending.scores)
    if shape is None:
        return None
    own = without_batch(shape, evidence.image) if ending.scores != name else form.shape
    lead = len(shape) - len(own)
    if form.axis is None:
        return (None,)
    size = form.shape[form.axis]
    if ending.axis is not None and 0 <= ending.axis - lead < len(own) and own[ending.axis - lead] == size:
        return (ending.axis - lead,)
    if own == form.shape:
        return (form.axis,)
    same = [axis for axis, one in enumerate(own) if one == size]
    if len(same) == 1:
        return (same[0],)
    if size == 1 and not [one for one in own if one != 1]:
        return (0,) if own else (None,)
    channel = evidence.roles.get(ending.scores, ())
    if (
        channel.count("C") == 1
        and 0 <= channel.index("C") - lead < len(own)
        and own[channel.index("C") - lead] == size
    ):
        return (channel.index("C") - lead,)
    return None
