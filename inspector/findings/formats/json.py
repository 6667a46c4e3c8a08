"""JSON: all that is known, for scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import isfinite
from typing import Any

from inspector.errors import kind_of
from inspector.findings.checked import Checked, CheckRun, is_reason
from inspector.findings.fingerprint import fingerprints
from inspector.findings.format import findings_format
from inspector.types.results.report import Report


@findings_format("json", what="scripts: all that is known", suffixes=(".json",))
def as_json(run: CheckRun) -> str:
    """Return one document: models with their findings, verdicts, facts and tables."""
    document = {
        "version": 1,
        "failed": run.failed,
        "fail_on": run.fail_on,
        "models": [_model(one, run.fail_on) for one in run.checked],
        "notes": list(run.notes),
    }
    return json.dumps(_plain(document), allow_nan=False) + "\n"


def _model(one: Checked, fail_on: str) -> dict[str, Any]:
    found: dict[str, Any] = {"model": one.model, "failed": one.fails(fail_on), "error": None}
    if one.error is not None:
        found["error"] = {
            "kind": kind_of(one.error),
            "reason": one.error.reason,
            "message": one.error.message,
            "field": one.error.field,
        }
    if one.report is not None:
        found |= _report(one, one.report, fail_on)
    return found


def _report(one: Checked, report: Report, fail_on: str) -> dict[str, Any]:
    marks = fingerprints(one.model, one.findings)
    return {
        "title": report.title,
        "findings": [
            {
                **{part.name: getattr(finding, part.name) for part in fields(finding)},
                "fingerprint": mark,
                "fails": is_reason(finding, fail_on),
            }
            for mark, finding in zip(marks, one.findings, strict=True)
        ],
        "verdicts": [
            {part.name: getattr(verdict, part.name) for part in fields(verdict)}
            for verdict in report.verdicts
        ],
        "facts": dict(report.facts),
        "tables": [
            {
                "title": panel.title,
                "caption": panel.caption,
                "columns": list(panel.result.table()[0]),
                "rows": [list(row) for row in panel.result.table()[1]],
            }
            for panel in report.panels
            if panel.result.table()[0]
        ],
        "notes": [str(note) for note in report.notes],
    }


def _plain(value: Any) -> Any:
    """Return what a value is in JSON: numbers that are none are null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
