"""Silences: findings that somebody looked at, and says why they are no reason to fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from inspector.findings.checked import Checked
from inspector.findings.rule_info import RuleInfo
from inspector.types.results.report import Finding


@dataclass(frozen=True, kw_only=True)
class Silence:
    """What is silenced, and why."""

    rule: str
    """A rule's id, a family, or a pattern such as `batch-*`."""
    reason: str
    subject: str = "*"
    """The name of what the finding is about, or a pattern."""
    model: str = "*"
    """The model's path, its file's name, or a pattern."""

    @property
    def described(self) -> str:
        """What it silences, as messages name it."""
        parts = {"subject": self.subject, "model": self.model}
        given = "".join(f", {name} {value!r}" for name, value in parts.items() if value != "*")
        return f"rule {self.rule!r}{given}"


def silenced(
    checked: Iterable[Checked], silences: Sequence[Silence], rules: Iterable[RuleInfo]
) -> tuple[list[Checked], list[str]]:
    """Return the models with their findings marked, and a note about each silence that silenced nothing.

    A silence is told of where it could have silenced something: a model that it is about was looked at by a rule that
    it names, and nothing was found there. The first silence that fits a finding gives its reason.
    """
    families = {one.id: one.family for one in rules}
    used: set[int] = set()
    marked = [_marked(one, silences, families, used) for one in checked]
    unused = [
        f"The silence of {silence.described} silenced nothing: the finding is gone, or named otherwise. Remove it, or "
        f"mend it. (Its reason was: {silence.reason})"
        for place, silence in enumerate(silences)
        if place not in used and any(_was_asked(one, silence, families) for one in marked)
    ]
    return marked, unused


def _marked(
    checked: Checked, silences: Sequence[Silence], families: dict[str, str], used: set[int]
) -> Checked:
    if checked.report is None:
        return checked
    findings = []
    for finding in checked.report.findings:
        fitting = [
            place
            for place, one in enumerate(silences)
            if fits_model(one.model, checked.model)
            and names_rule(one.rule, finding.id, families.get(finding.id, ""))
            and _fits_subject(one.subject, finding)
        ]
        used.update(fitting)
        reason = finding.silenced or (silences[fitting[0]].reason if fitting else "")
        findings.append(replace(finding, silenced=reason))
    return replace(checked, report=replace(checked.report, findings=tuple(findings)))


def _was_asked(checked: Checked, silence: Silence, families: dict[str, str]) -> bool:
    if checked.report is None or not fits_model(silence.model, checked.model):
        return False
    return any(
        one.outcome in ("passed", "found") and names_rule(silence.rule, one.id, families.get(one.id, ""))
        for one in checked.report.verdicts
    )


def names_rule(given: str, identifier: str, family: str) -> bool:
    """Return whether an id, a family or a pattern names a rule."""
    return given in (identifier, family) or fnmatchcase(identifier, given)


def fits_model(pattern: str, model: str) -> bool:
    """Return whether a pattern is that of a model, by its path as it is shown, an end of it, or its file's name."""
    path = PurePosixPath(model)
    ends = ["/".join(path.parts[start:]) for start in range(len(path.parts))]
    pattern = pattern.removeprefix("./")
    return any(one == pattern or fnmatchcase(one, pattern) for one in (model, *ends))


def _fits_subject(pattern: str, finding: Finding) -> bool:
    """Return whether a pattern is that of a subject; names may hold brackets, so the name itself always is."""
    return finding.subject == pattern or fnmatchcase(finding.subject, pattern)
