"""The wheel as it would be published: its name, what it needs, what it offers, what lies in it."""

from __future__ import annotations

import email
import email.message
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import inspector
from tests.packaging.pyproject import PROJECT, ROOT, names


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def files(wheel: Path) -> dict[str, str]:
    """The names of what lies in it, and the text of its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name).decode() if ".dist-info/" in name else "" for name in archive.namelist()
        }


@pytest.fixture(scope="module")
def metadata(files: dict[str, str]) -> email.message.Message:
    return email.message_from_string(files[f"onnx_inspector-{inspector.__version__}.dist-info/METADATA"])


def test_its_name_and_version(wheel: Path, metadata: email.message.Message) -> None:
    assert wheel.name == f"onnx_inspector-{inspector.__version__}-py3-none-any.whl"
    assert metadata["Name"] == "onnx-inspector"
    assert metadata["Version"] == inspector.__version__


def all_of(metadata: email.message.Message, name: str) -> list[str]:
    """Return the values of a field that comes more than once."""
    return metadata.get_all(name, [])


def test_its_extras(metadata: email.message.Message) -> None:
    assert sorted(all_of(metadata, "Provides-Extra")) == ["cpu", "engine", "gpu", "kernels", "otel"]
    needs = [Requirement(line) for line in all_of(metadata, "Requires-Dist")]
    added = {
        extra: {need.name for need in needs if need.marker and need.marker.evaluate({"extra": extra})}
        for extra in ("engine", "cpu", "gpu")
    }
    assert added["cpu"] == added["engine"] | {
        "onnxruntime"
    }  # the builder writes out what an extra of ours holds
    assert added["gpu"] == added["engine"] | {"onnxruntime-gpu"}
    assert added["engine"] == names(PROJECT["optional-dependencies"]["engine"])
    assert {need.name for need in needs if not need.marker} == names(PROJECT["dependencies"])


def test_its_command_and_its_plugin(files: dict[str, Any]) -> None:
    (name,) = [name for name in files if name.endswith(".dist-info/entry_points.txt")]
    scripts, plugins = files[name].split("\n\n")
    assert scripts.split() == ["[console_scripts]", "inspector", "=", "inspector.cli.main:main"]
    assert plugins.split() == ["[pytest11]", "inspector", "=", "inspector.pytest_plugin.hooks"]


def test_pytest_finds_the_plugin_and_starts_without_a_warning(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(
        "import inspector\ndef test_it(inspector_model):\n    raise AssertionError\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-rs", "--strict-markers", "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "plugins: onnx-inspector-" in done.stdout
    assert "give one with --inspector MODEL" in done.stdout
    assert " 1 skipped in " in done.stdout


def test_its_addresses(metadata: email.message.Message) -> None:
    urls = dict(line.split(", ") for line in all_of(metadata, "Project-URL"))
    assert urls.keys() == {"Homepage", "Documentation", "Source", "Changelog", "Issues"}
    assert all(url.startswith("https://") for url in urls.values())


def test_what_it_says_of_itself(metadata: email.message.Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["Author"]
    assert len(metadata["Keywords"].split(",")) >= 5
    found = re.findall(r"Python :: (3\.\d+)", "\n".join(all_of(metadata, "Classifier")))
    assert found == ["3.11", "3.12", "3.13"]
    assert metadata["Requires-Python"] == f">={found[0]}"


def test_what_lies_in_it(files: dict[str, Any]) -> None:
    assert "inspector/py.typed" in files
    assert "inspector/__init__.pyi" in files
    assert "inspector/v1/target_pb2.pyi" in files
    assert {name.partition("/")[0] for name in files} == {
        "inspector",
        f"onnx_inspector-{inspector.__version__}.dist-info",
    }
    kept = {path.relative_to(ROOT).as_posix() for path in (ROOT / "inspector").rglob("*.py")}
    assert {name for name in files if name.endswith(".py")} == kept
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)


def test_hints_name_what_is_published() -> None:
    for path in [
        ROOT / "README.md",
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docker/*"),
        *ROOT.glob("inspector/*.py"),
    ]:
        assert not re.search(r"(?<!onnx-)\binspector\[", path.read_text(encoding="utf-8")), path
    assert PROJECT["name"] == "onnx-inspector"
