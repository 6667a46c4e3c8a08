"""A batch that is said to be free, and is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.copies import copies
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.types.layers import shape_text


@rule(
    "batch-works",
    family="validity",
    severity="error",
    rationale="Servers fill a batch that the file calls free. Where a Reshape or a constant has one image baked in, "
    "runs of several fail, or answer for fewer images than they were given.",
    mend="Export with more than one example image and a dynamic first axis, and write shapes with -1 for the batch "
    "(`x.flatten(1)` in place of `x.view(1, -1)`).",
)
def batch_works(examination: Examination) -> Iterator[Found]:
    """Find that two or three images at once fail, or get another number of answers."""
    model = examination.model
    if model.input.batch is not None:
        raise SkippedError(f"the model takes {model.input.batch} at a time, and says so.")
    found = examination.measured(copies)
    alone = found.shapes.get(1)
    if alone is None:
        raise SkippedError("the model does not run on one image.")
    for count, failure in found.failures.items():
        yield Found(
            subject=model.input.name,
            kind="input",
            message=f"The batch of the input {model.input.name!r} is free, and {count} images at once fail: {failure}",
            measured=f"{count} images fail",
            allowed=f"{count} answers",
        )
    for count in [count for count in found.shapes if count > 1]:
        yield from several(
            Found(
                subject=name,
                kind="output",
                message=f"Output {name!r} is {_text(shape)} for {count} images, and {_text(alone[name])} for one: it "
                f"does not hold {count} answers.",
                measured=_text(shape),
                allowed=_text((count * alone[name][0], *alone[name][1:]))
                if alone[name]
                else "one answer per image",
            )
            for name, shape in found.shapes[count].items()
            if name in model.fields and not _holds(shape, alone[name], count)
        )


def _holds(many: Sequence[int], one: Sequence[int], count: int) -> bool:
    """Return whether a shape is that of one image but for the axis of images: the first one, or one of size 1."""
    if len(many) != len(one):
        return False
    grown = [axis for axis, (large, small) in enumerate(zip(many, one, strict=True)) if large != small]
    if not grown:
        return 0 in one  # it found nothing, however often
    axis = grown[0]
    return len(grown) == 1 and many[axis] == count * one[axis] and (axis == 0 or one[axis] == 1)


def _text(shape: Sequence[int]) -> str:
    return shape_text(shape) or "a scalar"
