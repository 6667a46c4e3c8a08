"""How far a check is: from rule to rule, and within a rule by what it tells itself."""

from __future__ import annotations

from dataclasses import replace

from inspector.engine.run import Run
from inspector.types.control import Progress

OF_A_RULE = 100
"""Steps that each rule counts."""


class Steps:
    """Tells a caller how far all rules are; what a rule, or a method that it asks, tells moves it within its own steps.

    It never goes back, though a rule may begin anew with the next image.
    """

    def __init__(self, run: Run, *, rules: int) -> None:
        """Stand between whoever works under `run` and who called."""
        self._caller = run.control
        self._total = rules * OF_A_RULE
        self._begun = 0
        self._told = 0
        if self._caller.progress is not None:
            run.control = replace(self._caller, progress=self._within, wants_partial=False)

    def passed(self, rules: int) -> None:
        """Say that so many rules are done."""
        self._begun = rules * OF_A_RULE
        self._tell(self._begun)

    def _within(self, progress: Progress) -> None:
        share = progress.done / progress.total if progress.total else 0.0
        self._tell(self._begun + int(min(share, 1.0) * (OF_A_RULE - 1)))

    def _tell(self, done: int) -> None:
        if done > self._told:
            self._told = done
            self._caller.tell(done, self._total)
