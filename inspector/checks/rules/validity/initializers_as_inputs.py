"""Weights that every caller may replace."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed

_SINCE = 4
"""The IR version since which initializers need not be inputs."""


@rule(
    "initializers-as-inputs",
    family="validity",
    severity="warning",
    rationale="An initializer that is an input too is only a default: a runtime may not fold or fuse it, so the model "
    "runs slower, and tools take it for an input that they must feed.",
    mend="Export with keep_initializers_as_inputs=False, or remove those names from graph.input.",
)
def initializers_as_inputs(examination: Examination) -> Iterator[Found]:
    """Find initializers among the inputs of a file whose IR version (4 and later) does not ask for that."""
    file = examination.model.file
    names = file.overridable
    if file.ir_version >= _SINCE and names:
        yield Found(
            subject=names[0],
            kind="input",
            message=f"{len(names):,} of {len(file.initializers):,} initializers are inputs too: {listed(names)}.",
            measured=f"{len(names):,}",
            allowed="0",
        )
