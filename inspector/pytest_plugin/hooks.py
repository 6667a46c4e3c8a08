"""What pytest reads of the plugin at every start: options and fixtures, and nothing else of the package.

Whoever has the package installed and does not use it pays for this file alone: all that needs the engine is imported
where `--inspector` names a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inspector.face.model import Model
    from inspector.types.results.report import Report

MARKER = "inspector"
_MISSING = "no model: give one with --inspector MODEL"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("inspector", "exported models, looked over by rules")
    add = group.addoption
    add(
        "--inspector",
        action="append",
        default=[],
        metavar="MODEL",
        help="An .onnx file, a folder of them or a pattern: every rule of `inspector check` is a test of each. "
        "Repeatable; `-m inspector` runs these tests alone.",
    )
    add(
        "--inspector-data",
        action="append",
        default=[],
        metavar="IMAGES",
        help="Images, folders of them, or arrays that rules look at. Repeatable.",
    )
    add("--inspector-baseline", metavar="MODEL", help="A model that the others should compute the same as.")
    add("--inspector-golden", metavar="FILE.npz", help="Recorded answers, by `inspector record`.")
    add("--inspector-boxes", metavar="FILE", help="Where the objects are in the images.")
    add(
        "--inspector-config",
        metavar="FILE",
        help="A pyproject.toml or an inspector.toml; default: the nearest from the working directory upwards.",
    )
    add(
        "--inspector-fail-on",
        metavar="SEVERITY",
        help="From which severity on a finding fails its test: error (the default), warning or never.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and all that collects tests of models where models are named."""
    config.addinivalue_line(
        "markers", f"{MARKER}: a rule of `inspector check`, asked of a model (--inspector)"
    )
    if config.getoption("inspector"):
        from inspector.pytest_plugin.collecting import Collecting  # noqa: PLC0415 — it needs the engine

        config.pluginmanager.register(Collecting(config), "inspector-collecting")


@pytest.fixture(scope="session")
def inspector_path(request: pytest.FixtureRequest) -> Path:
    """The file of a model of --inspector; a test that takes it runs once for each."""
    path = getattr(request, "param", None)
    if not isinstance(path, Path):
        pytest.skip(_MISSING)
    return path


@pytest.fixture(scope="session")
def inspector_model(inspector_path: Path) -> Iterator[Model]:
    """A model of --inspector, loaded: `inspector.load(path)`."""
    import inspector  # noqa: PLC0415 — its names are read when they are used

    with inspector.load(inspector_path) as model:
        yield model


@pytest.fixture(scope="session")
def inspector_report(inspector_path: Path, pytestconfig: pytest.Config) -> Report:
    """What the rules find of a model of --inspector, as the options and the configuration ask for it.

    Findings that are silenced or accepted carry their reason.
    """
    from inspector.pytest_plugin.checks import checks_of  # noqa: PLC0415

    return checks_of(pytestconfig).report(inspector_path)
