"""Which tests there are: where --inspector names models, one per model and rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inspector.errors import InspectorError
from inspector.pytest_plugin.checks import checks_of
from inspector.pytest_plugin.items import ModelFile


class Collecting:
    """The hooks of a session with models."""

    def __init__(self, config: pytest.Config) -> None:
        """Let pytest look at the models as at files that were named to it; UsageError for what is wrong with them."""
        try:
            self._checks = checks_of(config)
        except (InspectorError, ImportError) as error:
            raise pytest.UsageError(f"--inspector: {error}") from error
        self._paths = {path.resolve(): path for path in self._checks.paths}
        self._folder = config.invocation_params.dir
        named = {(self._folder / str(one).partition("::")[0]).resolve() for one in config.args}
        config.args += [str(path) for path in self._checks.paths if path.resolve() not in named]

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> Any:
        """Take the models, and no other file."""
        model = self._paths.get(file_path.resolve())
        return None if model is None else ModelFile.from_parent(parent, path=file_path, model=model)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Let tests that take a model run once for each."""
        if "inspector_path" in metafunc.fixturenames:
            names = [path.stem for path in self._checks.paths]
            metafunc.parametrize(
                "inspector_path", self._checks.paths, ids=names, indirect=True, scope="session"
            )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what is to be said of the checks themselves."""
        if self._checks.notes:
            terminalreporter.section("inspector")
            for note in self._checks.notes:
                terminalreporter.line(f"note: {note}")
