"""A table of findings, for spreadsheets."""

from __future__ import annotations

import csv
import io

from inspector.findings.checked import CheckRun
from inspector.findings.fingerprint import fingerprints
from inspector.findings.format import findings_format
from inspector.types.visible import visible

_OF_FINDINGS = (
    "id",
    "kind",
    "subject",
    "operator",
    "message",
    "measured",
    "allowed",
    "mend",
    "silenced",
)


@findings_format("csv", what="a table, a row per finding", suffixes=(".csv",))
def as_csv(run: CheckRun) -> str:
    """Return a row per finding, and one per model that could not be checked, whose rule is the error's reason.

    A row begins with a word of ours, whatever a model is called: CI systems take commands from how lines begin.
    """
    names = ("rule" if name == "id" else name for name in _OF_FINDINGS)
    columns = ("severity", "model", *names, "fingerprint")
    rows: list[dict[str, str]] = []
    for one in run.checked:
        if one.error is not None:
            told = {
                "severity": "error",
                "rule": one.error.reason,
                "kind": "file",
                "message": one.error.message,
            }
            rows.append({"model": one.model, **told})
        for mark, finding in zip(fingerprints(one.model, one.findings), one.findings, strict=True):
            cells = [getattr(finding, name) for name in _OF_FINDINGS]
            rows.append(dict(zip(columns, (finding.severity, one.model, *cells, mark), strict=True)))
    found = io.StringIO()
    table = csv.writer(found, lineterminator="\n")
    table.writerow(columns)
    table.writerows([visible(row.get(name, "")) for name in columns] for row in rows)
    return found.getvalue()
