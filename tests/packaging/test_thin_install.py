"""The base install: the client and the command line work there, and the command line says what the engine needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import inspector
from inspector.client import Client
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_photo

MISSING = (
    *("grpc_health", "grpc_reflection", "ml_dtypes", "onnx", "onnx_ir", "onnxruntime", "pydantic_settings"),
    *("scipy", "sklearn", "sympy"),
)
"""What the engine's extra brings, and what that brings."""

THIN = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {MISSING!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuse())
"""
COMMAND = """
sys.argv[0] = "inspector"
from inspector.cli.main import main
main()
"""


def thin(*words: object, program: str = COMMAND) -> subprocess.CompletedProcess[str]:
    """Run a command as where only the base dependencies are installed."""
    return subprocess.run(
        [sys.executable, "-c", THIN + program, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_guard_refuses() -> None:
    assert "No module named 'onnx'" in thin(program="import onnx").stderr
    assert thin(program="import numpy, PIL, grpc, typer, rich").returncode == 0


def test_it_lists_its_verbs() -> None:
    found = thin("--help")
    assert found.returncode == 0, found.stderr
    assert all(verb in found.stdout for verb in ("serve", "layers", "attribute"))


def test_it_tells_its_version() -> None:
    found = thin("--version")
    assert (found.returncode, found.stdout) == (0, f"inspector {inspector.__version__}\n")


@pytest.mark.parametrize("verb", ["layers", "check", "predict", "attribute", "occlude", "features", "serve"])
def test_a_verb_that_needs_the_engine_says_so_in_one_line(verb: str, tmp_path: Path) -> None:
    model, image = tmp_path / "toy.onnx", tmp_path / "photo.png"
    model.write_bytes(toy_cnn())
    image.write_bytes(b"")
    words = {"layers": [model], "check": [model], "serve": []}.get(verb, [model, image])
    found = thin(verb, *words)
    assert found.returncode == 2, found.stderr
    assert found.stdout == ""
    (line,) = found.stderr.splitlines()
    assert "pip install 'onnx-inspector[cpu]'" in line


def test_a_result_writes_a_page() -> None:
    program = (
        "from inspector.types.results.table import Row, Table\n"
        "found = Table(columns=('a',), rows=(Row(cells=(1,)),))\n"
        "print(found._repr_html_())"
    )
    found = thin(program=program)
    assert "<table" in found.stdout, found.stderr


def test_a_verb_asks_a_service(tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    Image.fromarray(toy_photo(2)).save(image)
    with running_server(tmp_path / "models") as server:
        with Client(server.address) as client:
            client.upload(toy_cnn(), name="toy")
        found = thin("predict", "toy", image, "--server", server.address)
        card = thin("card", "toy", "--server", server.address)
    assert found.returncode == 0, found.stderr
    assert "probability" in found.stdout
    assert card.returncode == 0, card.stderr
    assert card.stdout.startswith("# toy")


def test_models_of_a_service_are_checked_in_all_formats(tmp_path: Path) -> None:
    (tmp_path / "inspector.toml").write_text(
        '[check]\nsilences = [{rule = "preprocessing-*", reason = "a toy"}]\n'
    )
    image = tmp_path / "photo.png"
    Image.fromarray(toy_photo(2)).save(image)
    names = ("out.sarif", "out.xml", "out.json", "out.html", "out.csv")
    outputs = [word for name in names for word in ("-o", tmp_path / name)]
    with running_server(tmp_path / "models") as server:
        with Client(server.address) as client:
            client.upload(toy_cnn(), name="toy")
        words = ("check", "toy", "--data", image, "--server", server.address)
        found = thin(*words, "--config", tmp_path / "inspector.toml", "--format", "text,github", *outputs)
    assert found.returncode == 0, found.stderr
    assert "silenced preprocessing-assumed" in found.stdout
    assert all("toy" in (tmp_path / name).read_text(encoding="utf-8") for name in names)
