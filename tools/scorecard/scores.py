"""How many faults each rule found, and how often it spoke of good models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.scorecard.trials import Trial


@dataclass(kw_only=True)
class Score:
    """Of one rule."""

    rule: str
    found: list[Trial] = field(default_factory=list)
    missed: list[Trial] = field(default_factory=list)
    """Those it found elsewhere among them."""
    alarms: list[Trial] = field(default_factory=list)
    quiet: int = 0
    """On how many good models, of those that it judged, it found nothing, or nothing more than by right."""

    @property
    def recall(self) -> float | None:
        """The share of the faults that it should find which it found; None where it was tried on none."""
        tried = len(self.found) + len(self.missed)
        return len(self.found) / tried if tried else None

    @property
    def precision(self) -> float | None:
        """The share of faults among what it spoke of; None where it never spoke, and 0 where it should have."""
        spoke = len(self.found) + len(self.alarms)
        if spoke:
            return len(self.found) / spoke
        return 0.0 if self.missed else None


def scores(rules: Iterable[str], trials: Iterable[Trial]) -> dict[str, Score]:
    """Return each rule's score, also of rules of which there is no trial."""
    found = {rule: Score(rule=rule) for rule in rules}
    for trial in trials:
        one = found.setdefault(trial.rule, Score(rule=trial.rule))
        if trial.outcome == "found":
            one.found.append(trial)
        elif trial.outcome in ("missed", "elsewhere"):
            one.missed.append(trial)
        elif trial.outcome == "alarm":
            one.alarms.append(trial)
        elif trial.outcome == "quiet":
            one.quiet += 1
    return found
