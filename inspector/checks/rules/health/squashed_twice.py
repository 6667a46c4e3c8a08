"""Scores that are made probabilities of twice."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.model.squashed import squashed_twice as squashed_in


@rule(
    "squashed-twice",
    family="health",
    severity="warning",
    rationale="A softmax or sigmoid of probabilities brings all of them near to each other: the order stays, and every "
    "confidence is wrong.",
    mend="Take one of the two out; often the model ends with one already, and the export adds another.",
)
def squashed_twice(examination: Examination) -> Iterator[Found]:
    """Find a softmax or sigmoid that reads the result of another one."""
    yield from several(
        Found(
            subject=name,
            kind="node",
            operator=operator,
            message=f"The node {name!r} ({operator}) reads what {before!r} ({other}) squashed already.",
            measured=f"{operator} of {other}",
            allowed="one of them",
        )
        for name, operator, before, other in squashed_in(examination.model)
    )
