"""A model as a file of tests, and a rule as a test of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from inspector.errors import InspectorError
from inspector.findings.checked import Checked, CheckRun, is_reason
from inspector.findings.format import format_named
from inspector.pytest_plugin.checks import checks_of
from inspector.pytest_plugin.hooks import MARKER
from inspector.types.results.report import Finding, Verdict
from inspector.types.visible import visible


class RuleFailedError(Exception):
    """A rule found something that is a reason to fail, or ended by an error; the message says what."""


class ModelFile(pytest.File):
    """The rules that one model is asked."""

    def __init__(self, *, model: Path, **given: Any) -> None:
        """Take the model's path as it was named."""
        super().__init__(**given)
        self._model = model

    def collect(self) -> Iterator[RuleItem]:
        """Yield a test per rule; the model itself is not opened yet."""
        for rule in checks_of(self.config).rules(self._model):
            yield RuleItem.from_parent(self, name=rule)

    def run_of(self) -> CheckRun:
        """Return what is said of the model by the rules whose tests were selected."""
        wanted = [item.name for item in self.session.items if item.parent is self]
        return checks_of(self.config).run(self._model, wanted)


class RuleItem(pytest.Item):
    """One rule, asked of one model."""

    parent: ModelFile

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.add_marker(MARKER)

    def runtest(self) -> None:
        """Pass, skip with the reason, or raise RuleFailedError."""
        try:
            run = self.parent.run_of()
        except InspectorError as error:  # about what the model is looked at with
            raise RuleFailedError(visible(str(error), lines=True)) from error
        (checked,) = run.checked
        if checked.report is None:
            self._cannot_be_checked(checked)
        verdict = next(one for one in checked.report.verdicts if one.id == self.name)
        findings = [one for one in checked.findings if one.id == self.name]
        if verdict.outcome == "skipped":
            pytest.skip(visible(f"{self.name}: {verdict.reason}"))  # its place is here for all rules
        if verdict.outcome == "failed" or any(is_reason(one, run.fail_on) for one in findings):
            raise RuleFailedError(_told(run, checked, verdict, findings))
        if findings:
            self.add_report_section("call", "inspector", _told(run, checked, verdict, findings))

    def _cannot_be_checked(self, checked: Checked) -> NoReturn:
        """Fail where this is the first test of the model, else skip: one model that is none is one failure."""
        first = next(item for item in self.session.items if item.parent is self.parent)
        message = visible(f"{checked.model} cannot be checked: {checked.error}", lines=True)
        if first is not self:
            pytest.skip(message)
        raise RuleFailedError(message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what a failed rule has to say; of a bug of ours, the traceback."""
        if isinstance(excinfo.value, RuleFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the test is and what it is called."""
        return self.path, None, f"{self.path.name}: {self.name}"


def _told(run: CheckRun, checked: Checked, verdict: Verdict, findings: list[Finding]) -> str:
    """Return what a person reads of one rule, as the command tells it."""
    if checked.report is None:
        return ""
    alone = replace(
        checked.report, findings=tuple(findings), verdicts=(verdict,), facts={}, panels=(), notes=()
    )
    part = replace(run, checked=(replace(checked, report=alone),), notes=())
    return format_named("text").write(part).rstrip()
