"""The verb `check`: every wanted rule looks at the model."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.check.rule import RULES, SEVERITIES, Rule
from inspector.engine.run import Run
from inspector.errors import unknown_name, within
from inspector.methods.verbs import answers
from inspector.types.requests.check import CheckRequest
from inspector.types.results.report import Finding, Report


@answers(CheckRequest)
def check(run: Run, request: CheckRequest) -> Report:
    """Return what the wanted rules find, worst first; NotFoundError where there is no rule of an id."""
    ignored = {one.id for one in _named(request.ignore, field="ignore")}
    selected = _named(request.select, field="select") or _named(tuple(RULES), field="select")
    rules = [one for one in {one.id: one for one in selected}.values() if one.id not in ignored]
    findings = []
    for index, one in enumerate(rules):
        run.control.cancellation.raise_if_cancelled()
        findings += [
            Finding(id=one.id, severity=one.severity, subject=subject, message=f"{message} {one.mend}")
            for subject, message in one.look(run)
        ]
        run.control.tell(index + 1, len(rules))
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Report(
        title=f"{run.engine.model.name}: {len(rules)} rules", findings=tuple(findings), notes=run.notes
    )


def _named(ids: Sequence[str], *, field: str) -> list[Rule]:
    found = []
    for index, identifier in enumerate(ids):
        known = RULES.get(identifier)
        if known is None:
            with within(f"{field}[{index}]"):
                raise unknown_name("rule", identifier, RULES, field="")
        found.append(known)
    return found
