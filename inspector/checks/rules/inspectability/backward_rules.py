"""Operators that no gradient goes back through."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.grad.obstacles import obstacles


@rule(
    "backward-rules",
    family="inspectability",
    severity="info",
    rationale="Saliency, Grad-CAM and all that is made of gradients ends at an operator without a backward rule; "
    "occlusion and other methods that only run the model do not.",
    mend="Explain a layer below it, take a method without gradients, or export the model without what follows the "
    "scores (a selection of boxes, a sampling).",
)
def backward_rules(examination: Examination) -> Iterator[Found]:
    """Find nodes between the image and what is explained of an output that no gradient passes.

    They have no backward rule, or give what has no gradient, such as whole numbers, and no way leads around them.
    """
    model = examination.model
    told: set[str] = set()
    found = []
    for output, head in model.heads.heads.items():
        for one in obstacles(model.ir, source=head.scores, target=model.input.name, dtypes=model.dtypes):
            if one.node in told:
                continue
            told.add(one.node)
            ends = "no gradient passes it" if one.stops_all else "it has no backward rule"
            found.append(
                Found(
                    subject=one.node,
                    kind="node",
                    operator=one.operator,
                    message=f"Node {one.node!r} ({one.operator}) stands between the image and the output {output!r}, "
                    f"and {ends}: {one.reason.rstrip('.')}.",
                    measured=one.reason.rstrip(".") if one.stops_all else "no rule",
                    allowed="a gradient that passes" if one.stops_all else "a rule",
                )
            )
    yield from several(found)
