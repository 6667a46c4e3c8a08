"""Models that were checked, and all that is said of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inspector.errors import InspectorError, InvalidInputError, in_brief, nearest
from inspector.findings.rule_info import RuleInfo
from inspector.types.results.report import SEVERITIES, Finding, Report

NEVER = "never"
"""Where no finding is a reason to fail."""
FAIL_ON = ("error", "warning", NEVER)
"""From which severity on findings are a reason to fail."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """One model that was checked: what was found, or why it could not be looked at."""

    model: str
    """Its path from where the command ran, with slashes, or its name on a service."""
    report: Report | None = None
    error: InspectorError | None = None
    """Why there is no report: it cannot be loaded, or what was given does not fit it."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, worst first; nothing of a model that could not be looked at."""
        return () if self.report is None else self.report.findings

    @property
    def open_findings(self) -> list[Finding]:
        """Those that nobody silenced, worst first, whatever the order of the report is."""
        return sorted((one for one in self.findings if not one.silenced), key=lambda one: rank(one.severity))

    @property
    def broken(self) -> bool:
        """Whether it could not be looked at, or a rule ended by an error."""
        return self.report is None or any(one.outcome == "failed" for one in self.report.verdicts)

    def fails(self, fail_on: str = "error") -> bool:
        """Return whether it is no model to ship: broken, or found to be as bad as `fail_on`, or worse.

        InvalidInputError where that is none of FAIL_ON.
        """
        require_fail_on(fail_on, what="fail_on", field="fail_on")
        return self.broken or any(is_reason(one, fail_on) for one in self.findings)


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckRun:
    """One run of `check` over models: what every format is written of."""

    checked: tuple[Checked, ...]
    rules: Mapping[str, RuleInfo] = field(default_factory=dict)
    """What is known of the rules, by their ids; of a service's rules nothing may be known here."""
    fail_on: str = "error"
    notes: tuple[str, ...] = ()
    """What must be said of the run itself, such as silences that silenced nothing."""

    @property
    def failed(self) -> bool:
        """Whether one of the models is no model to ship."""
        return any(one.fails(self.fail_on) for one in self.checked)

    def rule(self, identifier: str) -> RuleInfo:
        """Return what is known of a rule; of one that is not known here, its id."""
        return self.rules.get(identifier) or RuleInfo(id=identifier)


def require_fail_on(given: str, *, what: str, field: str) -> None:
    """Raise InvalidInputError for what is none of FAIL_ON; `what` is how the message begins."""
    if given not in FAIL_ON:
        raise InvalidInputError(
            f"{what} is {in_brief(given)}; give one of {', '.join(FAIL_ON)}.{nearest(given, FAIL_ON)}",
            field=field,
        )


def is_reason(finding: Finding, fail_on: str) -> bool:
    """Return whether a finding is a reason to fail: nobody silenced it, and it is as bad as that, or worse."""
    if fail_on == NEVER or finding.silenced:
        return False
    return rank(finding.severity) <= rank(fail_on)


def rank(severity: str) -> int:
    """Return how bad a severity is, 0 for the worst; one that is not known here counts as the worst."""
    return next((place for place, one in enumerate(SEVERITIES) if one == severity), 0)
