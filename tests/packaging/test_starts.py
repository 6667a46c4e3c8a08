"""What a start does not import: seconds lie there, and nothing says so when they come back."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "IPython",
    "grpc",
    "jinja2",
    "matplotlib",
    "onnx.reference",
    "onnxscript",
    "pandas",
    "rich",
    "scipy",
    "sklearn",
    "sympy.core",
    "torch",
    "typer",
)
"""Not needed to load a model and ask it: each takes between 20 ms and 2 s."""

LOAD = "import inspector; inspector.load"
CLIENT = "import inspector.client; inspector.client.Client"
VERSION = "import inspector; inspector.__version__"


def imported(program: str) -> set[str]:
    """Return the names of all modules after a program in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return set(found.stdout.split())


def test_loading() -> None:
    assert not imported(LOAD) & set(HEAVY)


def test_the_client() -> None:
    heavy = {*HEAVY, "onnx", "onnx_ir", "onnxruntime", "sympy"} - {"grpc"}
    assert not imported(CLIENT) & heavy


def test_the_version() -> None:
    ours = {name for name in imported(VERSION) if name.startswith("inspector")}
    assert ours == {"inspector"}


@pytest.mark.parametrize("heavy", ["scipy", "onnx.reference"])
def test_a_planted_import_is_found(heavy: str) -> None:
    assert heavy in imported(f"{LOAD}\nimport {heavy}")


def test_sympy_is_read_when_it_is_used() -> None:
    program = f"{LOAD}\nimport onnx_ir\nassert str(onnx_ir.SymbolicDim('n') + 1) == 'n + 1'"
    assert "sympy.core" in imported(program)
