"""Several reports about one model as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inspector.findings.checked import rank
from inspector.findings.words import counted
from inspector.types.results.report import Report


def merged(reports: Sequence[Report], *, order: Iterable[str] = ()) -> Report:
    """Return one report of several, of rules that are each in one of them; findings are worst first.

    Verdicts stand in the `order` of rules, those of others at the end.
    """
    if len(reports) == 1:
        return reports[0]
    findings = [finding for one in reports for finding in one.findings]
    places = {name: place for place, name in enumerate(order)}
    verdicts = sorted(
        (verdict for one in reports for verdict in one.verdicts),
        key=lambda verdict: places.get(verdict.id, len(places)),
    )
    name = reports[0].title.rpartition(":")[0]
    return Report(
        title=f"{name}: {counted(len(verdicts), 'rule')}" if name else reports[0].title,
        findings=tuple(sorted(findings, key=lambda one: rank(one.severity))),
        verdicts=tuple(verdicts),
        facts={name: value for one in reports for name, value in one.facts.items()},
        panels=tuple(panel for one in reports for panel in one.panels),
        notes=tuple(dict.fromkeys(note for one in reports for note in one.notes)),
    )
