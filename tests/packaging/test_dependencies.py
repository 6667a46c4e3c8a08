"""What pyproject.toml asks for is what the package imports: no more, no less, and in the right extra."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.packaging.pyproject import PROJECT, ROOT, names

PACKAGE = ROOT / "inspector"
EXTRAS = PROJECT["optional-dependencies"]
BASE = names(PROJECT["dependencies"])
ENGINE = names(EXTRAS["engine"])
TRACES = names(EXTRAS["otel"])

PLUGIN = PACKAGE / "pytest_plugin"
"""pytest imports it, wherever it is: the package asks for no pytest."""
BASE_ROOMS = ("cli", "client", "render", "types", "v1", "wire")
"""What works in the base install; errors and the like lie beside them."""

TOP_LEVEL = {
    "google.rpc": "googleapis-common-protos",
    "google.protobuf": "protobuf",
    "opentelemetry.context": "opentelemetry-api",
    "opentelemetry.trace": "opentelemetry-api",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.exporter": "opentelemetry-exporter-otlp-proto-grpc",
}
"""`google` and `opentelemetry` are shared by many distributions: two words say whose a module is."""

AWAITED = {"pydantic-settings"}
"""What is asked for already and will be imported soon."""


def modules(path: Path) -> Iterator[str]:
    """Give the modules that a file imports, also inside functions, but not those for type checkers alone."""
    yield from _modules(ast.parse(path.read_text(encoding="utf-8")))


def _modules(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.level == 0:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _modules(child)


def distributions(files: list[Path]) -> set[str]:
    """Return the distributions whose modules these files import, without ours and Python's own."""
    found = {".".join(module.split(".")[:2]) for path in files for module in modules(path)}
    return {
        distribution(module)
        for module in found
        if module.partition(".")[0] not in sys.stdlib_module_names | {"inspector"}
    }


def distribution(module: str) -> str:
    """Return the name of the distribution that a module comes from."""
    if module in TOP_LEVEL:
        return TOP_LEVEL[module]
    (name,) = {canonicalize_name(name) for name in owners()[module.partition(".")[0]]}
    return name


@functools.cache
def owners() -> Mapping[str, list[str]]:
    """Return the distributions that have a top-level name."""
    return packages_distributions()


def all_files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if PLUGIN not in path.parents)


def base_files() -> list[Path]:
    rooms = [path for room in BASE_ROOMS for path in (PACKAGE / room).rglob("*.py")]
    return sorted([*rooms, *PACKAGE.glob("*.py")])


def test_all_that_is_imported_is_asked_for() -> None:
    runtime = names([line for extra in ("cpu", "gpu") for line in EXTRAS[extra]])
    assert distributions(all_files()) <= BASE | ENGINE | TRACES | runtime


def test_the_plugin_imports_pytest_and_nothing_else() -> None:
    assert distributions(sorted(PLUGIN.rglob("*.py"))) == {"pytest"}


def test_all_that_is_asked_for_is_imported() -> None:
    unused = (BASE | ENGINE | TRACES) - distributions(all_files())
    assert unused <= AWAITED


def test_the_base_install_has_what_its_rooms_import() -> None:
    assert distributions(base_files()) <= BASE


@pytest.mark.parametrize("extra", ["cpu", "gpu"])
def test_an_extra_is_the_engine_and_a_runtime(extra: str) -> None:
    assert names(EXTRAS[extra]) - {"onnxruntime", "onnxruntime-gpu"} == {"onnx-inspector"}
    assert len(EXTRAS[extra]) == 2


def test_nothing_is_asked_for_twice() -> None:
    assert not BASE & ENGINE


def test_a_planted_import_is_found(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(
        "import os\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mypy\n"
        "def f():\n    import pytest\n    from google.protobuf import message\n"
    )
    assert distributions([tmp_path / "planted.py"]) == {"pytest", "protobuf"}
