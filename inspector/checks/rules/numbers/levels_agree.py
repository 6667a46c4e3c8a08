"""Answers that depend on how far the runtime rewrites the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inspector.checks.examination import Examination
from inspector.checks.measures.agreement import TOLERANCE, Agreement, Difference
from inspector.checks.measures.levels import answers_at
from inspector.checks.measures.repeats import require_repeats
from inspector.checks.measures.trials import trials
from inspector.checks.rule import Found, rule
from inspector.errors import EngineError, InvalidModelError
from inspector.runtime.session import Optimization

_WORDS = {
    Optimization.NONE: "disabled",
    Optimization.BASIC: "basic",
    Optimization.EXTENDED: "extended",
    Optimization.ALL: "all",
}


@rule(
    "levels-agree",
    family="numbers",
    severity="warning",
    rationale="ONNX Runtime rewrites a graph as far as its user lets it, by default all the way: answers should not "
    "depend on that.",
    mend="Serve it at the highest level that agrees (SessionOptions.graph_optimization_level), or export it otherwise.",
    needs=("runs",),
)
def levels_agree(examination: Examination, *, tolerance: float = TOLERANCE) -> Iterator[Found]:
    """Find ONNX Runtime's optimization levels whose answers are not those of the file as it is, at "disabled"."""
    require_repeats(examination)
    images = examination.measured(trials)
    agreement = Agreement(examination, tolerance=tolerance)
    run = examination.run
    reference = list(map(answers_at(run, agreement.outputs, Optimization.NONE), images))
    differing: dict[str, tuple[int, Difference]] = {}
    levels = (Optimization.BASIC, Optimization.EXTENDED, Optimization.ALL)
    for place, level in enumerate(levels):
        run.control.tell(place + 1, len(levels) + 1)
        run.control.cancellation.raise_if_cancelled()
        try:
            found = agreement.first(reference, map(answers_at(run, agreement.outputs, level), images))
        except (EngineError, InvalidModelError) as error:
            yield Found(
                subject=_WORDS[level],
                message=f"At the optimization level {_WORDS[level]!r} it does not run, as it does at 'disabled': "
                f"{error.message}",
                measured="an error",
                allowed="answers",
            )
            continue
        if found is not None:
            differing[_WORDS[level]] = found
    if differing:
        yield _told(differing)


def _told(differing: Mapping[str, tuple[int, Difference]]) -> Found:
    first, *others = differing
    index, found = differing[first]
    too = (
        f", and {' and '.join(map(repr, others))} differ{'s' if len(others) == 1 else ''} too"
        if others
        else ""
    )
    return Found(
        subject=found.output,
        kind="output",
        message=f"At the optimization level {first!r}, output {found.output!r} of image {index} {found.text}{too}.",
        measured=f"at {', '.join(differing)}: {found.measured}",
        allowed=found.allowed,
    )
