"""What a rule of `check` is, and the table of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from inspector.engine.run import Run
from inspector.registry import Registry

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""Worst first."""

Look = Callable[[Run], Iterable[tuple[str, str]]]
"""A run of the model -> (subject, message) per finding."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that may be wrong with an exported model."""

    id: str
    """Stable, in lower-case with hyphens."""
    severity: Severity
    rationale: str
    """Why it matters."""
    mend: str
    """What to do about it."""
    look: Look


RULES: Registry[str, Rule] = Registry("rule of check", package="inspector.check.rules")


def rule(identifier: str, *, severity: Severity, rationale: str, mend: str) -> Callable[[Look], Look]:
    """Register a function as a rule."""

    def register(look: Look) -> Look:
        RULES.add(
            identifier, Rule(id=identifier, severity=severity, rationale=rationale, mend=mend, look=look)
        )
        return look

    return register
