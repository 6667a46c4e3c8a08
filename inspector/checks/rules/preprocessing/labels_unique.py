"""Classes of one name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed, several


@rule(
    "labels-unique",
    family="preprocessing",
    severity="info",
    rationale="A target that is named by its label is the first class of that name. ImageNet's short names have a few "
    "such pairs (crane, maillot); many of them say that the list is not this model's.",
    mend="Tell them apart in the list of labels, or name targets by their numbers.",
)
def labels_unique(examination: Examination) -> Iterator[Found]:
    """Find labels that several classes share."""
    labels = examination.model.labels
    if not labels:
        raise SkippedError("neither the file nor one beside it names classes.")
    places: dict[str, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        places[label.strip().casefold()].append(index)
    yield from several(
        Found(
            subject=labels[classes[0]],
            kind="output",
            message=f"{len(classes)} classes are named {labels[classes[0]]!r}: {listed(map(str, classes))}.",
            measured=f"{len(classes)} classes",
            allowed="1 class",
        )
        for name, classes in places.items()
        if name and len(classes) > 1
    )
