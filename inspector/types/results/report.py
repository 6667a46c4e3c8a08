"""A report: findings about a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from inspector.types.results.base import Cell, Result, kind
from inspector.types.results.figure import Panel

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Worst first."""

SubjectKind = Literal["file", "input", "output", "node", "layer", "tensor", "image"]
"""What the name of a finding's subject is a name of."""

Outcome = Literal["passed", "found", "skipped", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""Of a rule: it found nothing; it found something; it could not judge this model; it ended by an error."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was found."""

    id: str
    """Of the rule: stable, for machines and for silencing it."""
    severity: str
    """"error", "warning" or "info"."""
    message: str
    """What is wrong, in a sentence."""
    subject: str = ""
    """The name of what it is about: a layer, an output, a file."""
    kind: str = "file"
    """What that is a name of: one of SubjectKind."""
    operator: str = ""
    """Of the node or layer that it is about."""
    measured: str = ""
    """What was measured, with its unit."""
    allowed: str = ""
    """What would have been in order."""
    mend: str = ""
    """What to do about it."""
    silenced: str = ""
    """Why it is no reason to fail, where somebody said so."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of one rule."""

    id: str
    outcome: str
    """"passed", "found", "skipped" or "failed"."""
    reason: str = ""
    """Why it was skipped, or how it failed."""
    seconds: float = 0.0


@kind("report")
@dataclass(frozen=True, kw_only=True, eq=False)
class Report(Result):
    """Findings, worst first."""

    findings: tuple[Finding, ...]
    title: str = ""
    verdicts: tuple[Verdict, ...] = ()
    """One per rule that was asked, in the order in which they looked."""
    facts: Mapping[str, float] = field(default_factory=dict)
    """What was measured of the model, by names with their units: `parameters`, `file_bytes`, …"""
    panels: tuple[Panel, ...] = ()
    """Tables and pictures that belong to the findings: how far each layer drifts, where maps moved."""

    def __post_init__(self) -> None:
        """Bring the facts into the order of their names: a mapping on the wire has none of its own."""
        object.__setattr__(self, "facts", {name: self.facts[name] for name in sorted(self.facts)})

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per finding."""
        return (
            ("severity", "id", "subject", "message"),
            [(one.severity, one.id, one.subject, one.message) for one in self.findings],
        )

    @property
    def failed(self) -> bool:
        """Whether an error that nobody silenced is among the findings, or a rule ended by an error."""
        return any(one.severity == "error" and not one.silenced for one in self.findings) or any(
            one.outcome == "failed" for one in self.verdicts
        )

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many rules came to each outcome."""
        return {outcome: sum(one.outcome == outcome for one in self.verdicts) for outcome in OUTCOMES}

    def summary(self) -> list[str]:
        """Return the title, how many rules came to what, and what those say that ended by an error."""
        words = {"found": "found something"}
        told = ", ".join(
            f"{count} {words.get(outcome, outcome)}" for outcome, count in self.counts.items() if count
        )
        failures = [f"{one.id} failed: {one.reason}" for one in self.verdicts if one.outcome == "failed"]
        return [line for line in (self.title, told, *failures) if line]
