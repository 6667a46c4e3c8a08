"""A report: findings about a model."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.results.base import Cell, Result, kind


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was found."""

    id: str
    """Stable, for machines and for silencing it."""
    severity: str
    """"error", "warning" or "info"."""
    message: str
    subject: str = ""
    """What it is about: a layer, an output, a file."""


@kind("report")
@dataclass(frozen=True, kw_only=True, eq=False)
class Report(Result):
    """Findings, worst first."""

    findings: tuple[Finding, ...]
    title: str = ""

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per finding."""
        return (
            ("severity", "id", "subject", "message"),
            [(one.severity, one.id, one.subject, one.message) for one in self.findings],
        )

    @property
    def failed(self) -> bool:
        """Whether an error is among the findings."""
        return any(one.severity == "error" for one in self.findings)

    def summary(self) -> list[str]:
        """Return the title."""
        return [self.title] if self.title else []
