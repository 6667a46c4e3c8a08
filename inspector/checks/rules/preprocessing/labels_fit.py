"""Names of classes that are not one for each class."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.model.preprocessing.labels import written_labels


@rule(
    "labels-fit",
    family="preprocessing",
    severity="error",
    rationale="Where there is a name too many or too few, every answer may bear the name of its neighbor.",
    mend="Give one name per class, in the order of the output; a background class needs one too.",
)
def labels_fit(examination: Examination) -> Iterator[Found]:
    """Find labels that are more or fewer than the classes, or empty."""
    model = examination.model
    head = examination.run.engine.head if model.heads.default is not None else None
    written = written_labels(dict(model.ir.metadata_props), limits=model.limits)
    labels = model.labels or written
    if head is None or not labels:
        raise SkippedError("neither the file nor one beside it names classes.")
    if head.classes is None:
        raise SkippedError("how many classes there are is not known.")
    allowed = {head.classes, head.classes - (head.background is not None)}
    if len(labels) not in allowed:
        yield Found(
            subject=head.output,
            kind="output",
            message=f"There are {len(labels):,} labels, and the output {head.output!r} has {head.classes:,} classes.",
            measured=f"{len(labels):,} labels",
            allowed=" or ".join(f"{one:,}" for one in sorted(allowed)),
        )
    yield from several(
        Found(
            subject=head.output,
            kind="output",
            message=f"The label of class {index} of the output {head.output!r} is empty.",
            measured="no name",
            allowed="a name",
        )
        for index, label in enumerate(labels)
        if not label.strip()
    )
