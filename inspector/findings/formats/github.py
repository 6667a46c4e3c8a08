"""Annotations of GitHub Actions: lines that its runner reads off the log, and shows in pull requests."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.findings.checked import Checked, CheckRun
from inspector.findings.format import findings_format
from inspector.findings.formats.text import total
from inspector.findings.words import words
from inspector.types.results.report import Finding
from inspector.types.visible import visible

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


@findings_format("github", what="annotations of GitHub Actions", is_document=False)
def as_github(run: CheckRun) -> str:
    """Return a workflow command per finding that nobody silenced, and the run in a line."""
    found = [line for one in run.checked for line in _model(one)]
    found += [command("notice", note, title="inspector check") for note in run.notes]
    return "".join(f"{line}\n" for line in [*found, _harmless(total(run))])


def _model(one: Checked) -> Iterator[str]:
    if one.error is not None:
        yield command("error", one.error.message, file=one.model, title=f"{one.model}: {one.error.reason}")
    if one.report is None:
        return
    for verdict in one.report.verdicts:
        if verdict.outcome == "failed":
            yield command("error", verdict.reason, file=one.model, title=f"{verdict.id} failed")
    for finding in one.open_findings:
        level = _LEVELS.get(finding.severity, "error")
        yield command(level, words(finding), file=one.model, title=_title(finding))


def command(level: str, message: str, **properties: str) -> str:
    """Return a workflow command, of one line whatever the texts hold.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions; the escapes are its toolkit's.
    """
    given = ",".join(f"{name}={_property(visible(value))}" for name, value in properties.items())
    return f"::{level} {given}::{_data(visible(message, lines=True))}"


def _title(one: Finding) -> str:
    return f"{one.id}: {one.subject}" if one.subject else one.id


def _data(text: str) -> str:
    return _harmless(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _harmless(text: str) -> str:
    """Return a text without the runner's older commands, which it reads off any place of a line."""
    return text.replace("##[", "## [")
