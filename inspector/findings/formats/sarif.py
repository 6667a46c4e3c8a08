"""SARIF 2.1.0, which code scanning and editors read: https://docs.oasis-open.org/sarif/sarif/v2.1.0/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from inspector import __version__
from inspector.findings.checked import Checked, CheckRun
from inspector.findings.fingerprint import fingerprints
from inspector.findings.format import findings_format
from inspector.findings.rule_info import NEEDS, RuleInfo, default_of
from inspector.findings.words import words
from inspector.types.results.report import Finding
from inspector.types.visible import visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HOME = "https://github.com/onnx-inspector/onnx-inspector"
FINGERPRINT = "inspectorFinding/v1"
NOT_CHECKED = RuleInfo(
    id="not-checked",
    severity="error",
    title="Find models that cannot be checked.",
    rationale="A model that cannot be loaded, or is asked what it does not fit, was not looked at by any rule.",
    mend="The message says what is wrong with the model, or with what was given beside it.",
)
"""Stands for a rule in the results of models that could not be checked: viewers show results, and nothing else."""

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_LINK = re.compile(r"\[(?=[^\]]*\]\()")


@findings_format("sarif", what="code scanning and editors (SARIF 2.1.0)", suffixes=(".sarif", ".sarif.json"))
def as_sarif(run: CheckRun) -> str:
    """Return one log with one run; findings that are silenced are suppressed results with their reasons."""
    used = [verdict.id for one in run.checked if one.report for verdict in one.report.verdicts]
    used += [finding.id for one in run.checked for finding in one.findings]
    rules = [run.rule(name) for name in dict.fromkeys(used)]
    if any(one.error is not None for one in run.checked):
        rules.append(NOT_CHECKED)
    places = {one.id: place for place, one in enumerate(rules)}
    artifacts = {
        uri: place for place, uri in enumerate(dict.fromkeys(uri_of(one.model) for one in run.checked))
    }
    driver = {
        "name": "inspector",
        "informationUri": HOME,
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(one) for one in rules],
    }
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [_invocation(run, artifacts, places)],
                "artifacts": [{"location": {"uri": uri}} for uri in artifacts],
                "results": [result for one in run.checked for result in _results(one, artifacts, places)],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _rule(one: RuleInfo) -> dict[str, Any]:
    found: dict[str, Any] = {"id": one.id}
    if not one.title:  # of a service whose rules are not known here
        return found
    settings = "".join(f"\n- `{info.name}` = {default_of(info)} ({info.allowed})" for info in one.settings)
    needs = ", ".join(NEEDS.get(need, need) for need in one.needs)
    parts = [one.rationale, f"To mend: {one.mend}"]
    parts += [f"It needs {needs}."] if needs else []
    markdown = "\n\n".join([f"**{one.title}**", *parts, *([f"Settings:\n{settings}"] if settings else [])])
    return found | {
        "name": "".join(part.capitalize() for part in one.id.split("-")),
        "shortDescription": {"text": one.title},
        "fullDescription": {"text": f"{one.title} {one.rationale}"},
        "help": {"text": "\n".join([one.title, *parts]), "markdown": markdown},
        "helpUri": f"{HOME}/blob/main/docs/rules.md#{one.id}",
        "defaultConfiguration": {"level": _LEVELS.get(one.severity, "warning")},
        "properties": {"tags": [one.family]} if one.family else {},
    }


def _results(
    one: Checked, artifacts: Mapping[str, int], rules: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    where = {"artifactLocation": _location(one, artifacts), "region": {"startLine": 1}}
    if one.error is not None:
        yield {
            "ruleId": NOT_CHECKED.id,
            "ruleIndex": rules[NOT_CHECKED.id],
            "level": "error",
            "message": _message(f"{one.error.message} ({one.error.reason})"),
            "locations": [{"physicalLocation": where}],
            "partialFingerprints": {FINGERPRINT: fingerprints(one.model, [_not_checked()])[0]},
        }
    marks = fingerprints(one.model, one.findings)
    for mark, finding in zip(marks, one.findings, strict=True):
        yield {
            "ruleId": finding.id,
            "ruleIndex": rules[finding.id],
            "level": _LEVELS.get(finding.severity, "error"),
            "message": _message(_words(finding)),
            "locations": [{"physicalLocation": where, **_logical(one, finding)}],
            "partialFingerprints": {FINGERPRINT: mark},
            # Of one result all or none of a run have the property: an empty one says that nothing is suppressed.
            "suppressions": [
                {"kind": "external", "status": "accepted", "justification": visible(finding.silenced)}
            ]
            if finding.silenced
            else [],
            "properties": {
                name: visible(value)
                for name in ("measured", "allowed", "operator", "mend")
                if (value := getattr(finding, name))
            },
        }


def _logical(one: Checked, finding: Finding) -> dict[str, Any]:
    if not finding.subject:
        return {}
    name = visible(finding.subject)
    whole = f"{visible(one.model)}::{name}"
    return {"logicalLocations": [{"name": name, "fullyQualifiedName": whole, "kind": visible(finding.kind)}]}


def _words(one: Finding) -> str:
    place = f"{one.kind} {visible(one.subject)}: " if one.subject else ""
    return f"{place}{words(one)}"


def _location(one: Checked, artifacts: Mapping[str, int]) -> dict[str, Any]:
    uri = uri_of(one.model)
    return {"uri": uri, "index": artifacts[uri]}


def _invocation(run: CheckRun, artifacts: Mapping[str, int], rules: Mapping[str, int]) -> dict[str, Any]:
    """Return how the run went: what could not be checked, rules that failed, and those that were skipped, and why."""
    notices: list[dict[str, Any]] = []
    for one in run.checked:
        where = [{"physicalLocation": {"artifactLocation": _location(one, artifacts)}}]
        if one.error is not None:
            text = f"{one.error.message} ({one.error.reason})"
            notices.append({"level": "error", "message": _message(text), "locations": where})
        for verdict in one.report.verdicts if one.report else ():
            level = {"failed": "error", "skipped": "note"}.get(verdict.outcome)
            if level:
                notices.append(
                    {
                        "level": level,
                        "message": _message(f"{verdict.id} {verdict.outcome}: {verdict.reason}"),
                        "locations": where,
                        "associatedRule": {"id": verdict.id, "index": rules[verdict.id]},
                    }
                )
    notices += [{"level": "note", "message": _message(note)} for note in run.notes]
    return {
        "executionSuccessful": not any(one.broken for one in run.checked),
        "toolExecutionNotifications": notices,
    }


def uri_of(model: str) -> str:
    """Return a model's path as a URI: relative to the checkout where it is, so that viewers find the file."""
    path = model.replace("\\", "/").removeprefix("./")
    if PurePosixPath(path).is_absolute():
        return f"file://{_quoted(path)}"
    # A relative reference whose first part holds a colon would be read as one with a scheme; quoted, none is left.
    return _quoted(path) or "."


def _quoted(path: str) -> str:
    try:
        data = path.encode(
            "utf-8", "surrogateescape"
        )  # bytes of names that are no UTF-8, as the system gives them
    except UnicodeEncodeError:
        data = path.encode("utf-8", "surrogatepass")
    return quote(data, safe="/~")


def _message(text: str) -> dict[str, str]:
    """Return a text as a message: what viewers would take for a link to elsewhere is none."""
    return {"text": _LINK.sub(r"\\[", visible(text, lines=True)) or "–"}


def _not_checked() -> Finding:
    return Finding(id=NOT_CHECKED.id, severity="error", message="")
