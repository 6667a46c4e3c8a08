"""What the models of a session are asked, once each, whichever of its tests and fixtures want to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from inspector.checks.chosen import chosen_rules
from inspector.checks.settings import settings_of
from inspector.face.check import check_here, configuration_of, known_rules
from inspector.face.checking import Plan, request_of
from inspector.findings.checked import Checked, CheckRun, require_fail_on
from inspector.findings.choices import Choices
from inspector.types.model_files import find_models, name_of
from inspector.types.results.report import Report


@dataclass(frozen=True, eq=False)
class _Asked:
    rules: frozenset[str]
    run: CheckRun


class Checks:
    """The models of a session and what was found in them."""

    def __init__(self, config: pytest.Config) -> None:
        """Read the options; errors of `inspector.errors` for what they or the configuration name and there is not."""
        option = config.getoption
        folder = config.invocation_params.dir
        self.paths = [Path(path).absolute() for path in find_models(_placed(folder, option("inspector")))]
        fail_on = option("inspector_fail_on")
        if fail_on is not None:
            require_fail_on(fail_on, what="--inspector-fail-on", field="--inspector-fail-on")
        configured = option("inspector_config")
        self._plan = Plan(
            configuration=configuration_of(None if configured is None else folder / configured),
            over=Choices(
                data=_placed(folder, option("inspector_data")) or None,
                baseline=_one(folder, option("inspector_baseline")),
                golden=_one(folder, option("inspector_golden")),
                boxes=_one(folder, option("inspector_boxes")),
            ),
            fail_on=fail_on,
        )
        self._asked: dict[Path, _Asked] = {}
        known_rules()  # those of plugins too
        self._rules = {path: self._rules_of(path) for path in self.paths}

    def rules(self, path: Path) -> tuple[str, ...]:
        """Return the ids of the rules that a model is asked, in order."""
        return self._rules[path]

    def _rules_of(self, path: Path) -> tuple[str, ...]:
        request = request_of(self._plan.choices_for(name_of(path)))
        settings_of(request)  # an error for one that there is not
        return tuple(one.id for one in chosen_rules(request))

    def run(self, path: Path, rules: Iterable[str]) -> CheckRun:
        """Return what is said of a model by these rules, and perhaps by more."""
        wanted = frozenset(rules)
        asked = self._asked.get(path)
        if asked is None or not wanted <= asked.rules:
            wanted |= frozenset() if asked is None else asked.rules
            over = replace(self._plan.over, select=tuple(sorted(wanted)))
            run = check_here([path], replace(self._plan, over=over))
            asked = self._asked[path] = _Asked(wanted, run)
        return asked.run

    def checked(self, path: Path) -> Checked:
        """Return what all rules say of a model."""
        (found,) = self.run(path, self.rules(path)).checked
        return found

    def report(self, path: Path) -> Report:
        """Return what all rules find; what loading the model raises, and what is wrong with the data."""
        found = self.checked(path)
        if found.error is not None:
            raise found.error
        if found.report is None:
            raise TypeError(f"{path} has neither a report nor an error.")
        return found.report

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the run, such as silences that silenced nothing."""
        return tuple(dict.fromkeys(note for one in self._asked.values() for note in one.run.notes))


_CHECKS = pytest.StashKey[Checks]()


def checks_of(config: pytest.Config) -> Checks:
    """Return the checks of a session."""
    if _CHECKS not in config.stash:
        config.stash[_CHECKS] = Checks(config)
    return config.stash[_CHECKS]


def _placed(folder: Path, texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(folder / text) for text in texts)


def _one(folder: Path, text: str | None) -> str | None:
    return None if text is None else str(folder / text)
