"""What is imported when, and what happens where the engine is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from inspector.cli.exits import EXIT_INTERNAL, EXIT_USAGE
from tests.cli.conftest import Place
from tests.support.command import Command

ENGINE = ("onnx", "onnx_ir", "onnxruntime", "sklearn", "ml_dtypes", "grpc_health", "grpc_reflection")
"""What a thin installation lacks."""

PROGRAM = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {lacking}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, Refuse())
sys.argv = ["inspector", *{words}]
from inspector.cli.main import main
try:
    main()
finally:
    print("imported:", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def run(*words: object, lacking: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(lacking=lacking, words=[str(word) for word in words])
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("occlude", "--help")], ids=" ".join)
def test_the_help_imports_neither_engine_nor_wire(words: tuple[str, ...]) -> None:
    found = run(*words)
    assert found.returncode == 0
    imported = set(found.stdout.splitlines()[-1].split())
    assert "numpy" in imported  # that the list says something
    assert not imported & {*ENGINE, "grpc", "google"}


def test_the_list_of_commands_needs_no_rich() -> None:
    assert "rich" not in run("--help").stdout.splitlines()[-1].split()


@pytest.mark.parametrize("verb", ["layers", "predict", "attribute", "neighbors", "pca", "methods", "serve"])
def test_without_the_engine_a_command_says_in_a_line_what_to_install(place: Place, verb: str) -> None:
    images = {"layers": 0, "methods": 0, "serve": 0, "neighbors": 2}.get(verb, 1)
    model = [] if verb in ("methods", "serve") else [place.model]
    found = run(verb, *model, *[place.image] * images, lacking=ENGINE)
    assert found.returncode == EXIT_USAGE, found.stderr
    assert found.stderr.startswith("error ")
    assert found.stderr.count("\n") == 1
    assert "is not installed" in found.stderr
    assert "pip install" in found.stderr


@pytest.mark.parametrize("verb", ["layers", "predict", "attribute", "occlude", "features"])
def test_without_the_engine_a_service_is_asked(place: Place, verb: str) -> None:
    images = [] if verb == "layers" else [place.image]
    found = run(verb, "toy", *images, "--server", "127.0.0.1:1", lacking=ENGINE)
    assert found.returncode == EXIT_INTERNAL
    assert "127.0.0.1:1" in found.stderr
    assert "is not installed" not in found.stderr


def test_the_version(inspector: Command) -> None:
    found = inspector("--version")
    assert found.code == 0
    assert found.out.startswith("inspector ")
